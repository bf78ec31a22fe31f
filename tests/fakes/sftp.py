"""A real SFTP server on loopback that shows one folder to one user, and counts who tries to come in."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paramiko


@dataclass
class Sftp:
    """The folder, the user and what happened; `breaks_after` ends every transfer after so many bytes."""

    folder: Path
    user: str = "keeper"
    password: str = "open-sesame-invented"
    key: paramiko.PKey = field(default_factory=lambda: paramiko.ECDSAKey.generate())
    client_key: str | None = None
    logins: list[str] = field(default_factory=list)
    breaks_after: int | None = None
    port: int = 0

    @property
    def pin(self) -> str:
        """What `host_key` is to be set to."""
        return f"{self.key.get_name()} {self.key.get_base64()}"


class _Door(paramiko.ServerInterface):
    def __init__(self, sftp: Sftp) -> None:
        self.sftp = sftp

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        self.sftp.logins.append(username)
        fits = (username, password) == (self.sftp.user, self.sftp.password)
        return paramiko.AUTH_SUCCESSFUL if fits else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.sftp.logins.append(username)
        return paramiko.AUTH_SUCCESSFUL if key.get_base64() == self.sftp.client_key else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Folder(paramiko.SFTPServerInterface):
    sftp: Sftp

    def _path(self, path: str) -> Path:
        return self.sftp.folder / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            entries = sorted(self._path(path).iterdir())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return [paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name) for entry in entries]

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        handle = _Handle(flags)
        handle.sftp, handle.filename = self.sftp, str(self._path(path))  # type: ignore[attr-defined]
        handle.readfile = self._path(path).open("rb")  # type: ignore[attr-defined]
        return handle


class _Handle(paramiko.SFTPHandle):
    def read(self, offset: int, length: int) -> bytes | int:
        stop = self.sftp.breaks_after  # type: ignore[attr-defined]
        if stop is not None and offset + length > stop:
            return paramiko.SFTP_FAILURE
        return super().read(offset, length)

    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))  # type: ignore[attr-defined]


@contextmanager
def serving(folder: Path) -> Iterator[Sftp]:
    """The server, for as long as it is needed."""
    sftp, open_ones = Sftp(folder), []
    listener = socket.create_server(("127.0.0.1", 0))
    sftp.port = listener.getsockname()[1]
    folder_of = type("Shown", (_Folder,), {"sftp": sftp})

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            open_ones.append(transport)
            transport.add_server_key(sftp.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, folder_of)
            try:
                transport.start_server(server=_Door(sftp))
            except (paramiko.SSHException, EOFError):
                transport.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield sftp
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for transport in open_ones:
            transport.close()
        thread.join(5)
