"""Post a webhook over HTTP."""

import http.client
from urllib.parse import urlsplit

TIMEOUT = 10


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post the body of a webhook to a URL, and return the HTTP status. Redirects are not followed.

    Raise `OSError` if there is no response.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
