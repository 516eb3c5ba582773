"""Amazon Bedrock's formats: the Converse API and its event stream, models, errors, signatures."""
