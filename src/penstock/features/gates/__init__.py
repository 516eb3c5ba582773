"""Gates: whether a release may follow another, decided from evaluation runs on the same items."""
