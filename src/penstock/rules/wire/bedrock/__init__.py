"""Amazon Bedrock's Converse API, on the side of providers."""
