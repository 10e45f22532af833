"""Agent: lives where the bridge is, keeps that namespace alive, and fetches what an outsider wants to know.

What enters: lines of JSON on standard input, `{"get": URL, "limit_s": S}`. What leaves: one line for each, `{"status",
"body"}` (base64) or `{"error"}`. It ends with its input, and the laboratory with it.
"""

import base64
import http.client
import json
import sys
import urllib.error
import urllib.request


def answer(asked: dict[str, object]) -> dict[str, object]:
    """What came of one request."""
    try:
        with urllib.request.urlopen(str(asked["get"]), timeout=float(str(asked.get("limit_s", 5)))) as response:
            return {"status": response.status, "body": base64.b64encode(response.read()).decode()}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": base64.b64encode(error.read()).decode()}
    except (OSError, http.client.HTTPException, ValueError) as error:
        return {"error": str(error)}


def main() -> None:
    """Say that we are there, then answer until nobody asks."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
