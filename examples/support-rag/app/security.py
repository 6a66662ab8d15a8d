"""Who may ask, and how often."""

import hmac

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from slowapi import Limiter
from slowapi.util import get_remote_address

from app.settings import settings

bearer = HTTPBearer()
limiter = Limiter(key_func=get_remote_address)


def signed_in(given: HTTPAuthorizationCredentials = Depends(bearer)) -> None:
    """Refuse whoever does not know the token."""
    if not hmac.compare_digest(given.credentials, settings.api_token.get_secret_value()):
        raise HTTPException(status_code=401)
