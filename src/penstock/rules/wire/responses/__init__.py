"""The dialect of OpenAI's Responses API: requests, answers and streams. The request head, errors
and the list of models are those of OpenAI's other APIs."""
