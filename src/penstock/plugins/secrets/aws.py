"""AWS Secrets Manager: `aws:NAME`, or `aws:NAME#FIELD` for a secret that is JSON.

`AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` configure it;
`AWS_ENDPOINT_URL_SECRETS_MANAGER` names another address. API:
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

import re
from datetime import datetime
from typing import Final

import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from penstock.kernel.errors import SetupError
from penstock.plugins.secrets.fields import decode_object, refusal, split_name, text_of
from penstock.spi.http import HttpAnswer, HttpRequest
from penstock.spi.secret_manager import Variable

_NAME: Final = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,512}")
_ADVICE: Final = {
    400: "Check name and region, the credentials, and their permission"
    " secretsmanager:GetSecretValue.",
}


class AwsSecrets:
    """Reads the current version of a secret."""

    def problem_of(self, name: str) -> str:
        """Returns what is wrong with a reference; empty if nothing is."""
        path, field = split_name(name)
        if not _NAME.fullmatch(path) or ("#" in name and not field):
            return "Write aws:NAME or aws:NAME#FIELD, such as aws:prod/openai#api_key."
        return ""

    def request(self, name: str, variable: Variable, now: datetime) -> HttpRequest:
        """Returns the signed request. The signature has the machine's own time."""
        del now
        region = variable("AWS_REGION") or variable("AWS_DEFAULT_REGION")
        key, secret = variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")
        if not region or not key or not secret:
            raise SetupError(
                "AWS_REGION, AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set for the server."
            )
        address = variable("AWS_ENDPOINT_URL_SECRETS_MANAGER").rstrip("/")
        url = f"{address or f'https://secretsmanager.{region}.amazonaws.com'}/"
        body = msgspec.json.encode({"SecretId": split_name(name).path})
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "secretsmanager.GetSecretValue",
        }
        request = AWSRequest("POST", url, headers=headers, data=body)
        credentials = Credentials(key, secret, variable("AWS_SESSION_TOKEN") or None)
        SigV4Auth(credentials, "secretsmanager", region).add_auth(request)
        signed = tuple((n.lower().encode(), v.encode()) for n, v in request.headers.items())
        return HttpRequest("POST", url, signed, body)

    def read(self, name: str, answer: HttpAnswer) -> str:
        """Returns the secret, or the field of it."""
        if answer.status != 200:
            raise refusal("AWS Secrets Manager", answer.status, _ADVICE)
        whole = text_of(decode_object(answer.body), "SecretString")
        field = split_name(name).field
        return text_of(decode_object(whole), field) if field else whole


def create() -> AwsSecrets:
    """Creates the plugin; named by the entry point."""
    return AwsSecrets()
