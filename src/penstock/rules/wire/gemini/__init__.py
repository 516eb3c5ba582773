"""The generateContent API of Gemini: requests, answers, errors, model lists."""
