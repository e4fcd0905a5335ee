"""Somebody of the demo with an account: registers, signs in, stays signed in, and asks."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any, Final

from orderflow.demo.api import Api, Refused
from orderflow.demo.cafe import PASSWORD, Account

# A token is renewed after this part of its life, as the pages do.
RENEW_AFTER: Final = 0.7


@dataclass(frozen=True, slots=True)
class _Session:
    token: str
    refresh_token: str
    renew_at: float


class Person:
    """One account; used from one event loop, by as many tasks as like."""

    def __init__(self, api: Api, account: Account) -> None:
        self.account = account
        self._api = api
        self._session: _Session | None = None
        self._renewing = asyncio.Lock()

    async def token(self, refused: str | None = None) -> str:
        """A good access token, another one than the `refused`.

        Raises:
            Refused: the account is not the demo's, or its password is not.
        """
        async with self._renewing:
            session = self._session
            if session is None or session.token == refused or asyncio.get_running_loop().time() >= session.renew_at:
                session = self._session = await self._renewed()
            return session.token

    async def ask(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Ask as this person what may be asked twice, until there is an answer.

        Raises:
            Refused: the server does not want to.
        """
        token = await self.token()
        try:
            return await self._api.ask(method, path, body, token=token, key=key)
        except Refused as refused:
            if refused.status != 401:
                raise
        return await self._api.ask(method, path, body, token=await self.token(refused=token), key=key)

    async def once(self, method: str, path: str, body: Any) -> Any:
        """Ask as this person what must not be done twice.

        Raises:
            NoAnswer: whether it was done has to be looked at.
            Refused: the server does not want to.
        """
        return await self._api.once(method, path, body, token=await self.token())

    async def _renewed(self) -> _Session:
        if self._session is not None:
            with contextlib.suppress(Refused):
                return await self._begin("refresh", {"refresh_token": self._session.refresh_token})
        try:
            return await self._log_in()
        except Refused as refused:
            if refused.code != "bad_credentials":
                raise
        await self._register()
        return await self._log_in()

    async def _log_in(self) -> _Session:
        return await self._begin("login", {"email": self.account.email, "password": PASSWORD})

    async def _register(self) -> None:
        role = "shop_owner" if self.account.role == "owner" else "customer"
        body = {"email": self.account.email, "password": PASSWORD, "name": self.account.name, "role": role}
        try:
            await self._api.ask("POST", "/v1/auth/register", body)
        except Refused as refused:
            # An answer may have been lost; if it is not ours after all, signing in tells.
            if refused.code != "email_taken":
                raise

    async def _begin(self, how: str, body: dict[str, Any]) -> _Session:
        given = await self._api.ask("POST", f"/v1/auth/{how}", body)
        renew_at = asyncio.get_running_loop().time() + given["expires_in"] * RENEW_AFTER
        return _Session(given["access_token"], given["refresh_token"], renew_at)
