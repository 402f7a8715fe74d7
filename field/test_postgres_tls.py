"""TLS to PostgreSQL as its URL says, passwords by scram, and names as other clients of PostgreSQL take them."""

import os
import pwd
import shutil
import subprocess
import urllib.parse

import pytest
from support.certificates import Authority
from support.machine import binary, missing
from support.people import Person
from support.postgres import Postgres, owner
from support.server import DidNotStart, Server, run

HBA = """hostssl all scram all scram-sha-256
hostssl all certified all cert
hostnossl all all all reject"""


@pytest.fixture(scope="module")
def encrypted():
    """A PostgreSQL that takes nothing but TLS: a user with a password, and one with a certificate."""
    authority = Authority()
    server = Postgres()
    certificate, key = authority.issue("localhost")
    settings = {
        "ssl": "on",
        "ssl_cert_file": server.file("server.crt", certificate),
        "ssl_key_file": server.file("server.key", key),
        "ssl_ca_file": server.file("authority.crt", authority.pem),
        "password_encryption": "scram-sha-256",
    }
    server.stop()
    with open(server.data / "postgresql.conf", "a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    server.file("pg_hba.conf", f"local all all trust\n{HBA}\n".encode())
    server.start()
    server.psql("create role scram login password 'secret'; create role certified login")
    server.authority = authority
    yield server
    server.close()


@pytest.fixture
def where(encrypted, tmp_path):
    """Makes URLs of a fresh database, with parameters."""
    (tmp_path / "authority.pem").write_bytes(encrypted.authority.pem)
    (tmp_path / "other.pem").write_bytes(Authority("another").pem)
    certificate, key = encrypted.authority.issue("certified")
    (tmp_path / "client.pem").write_bytes(certificate)
    (tmp_path / "client.key").write_bytes(key)
    (tmp_path / "client.key").chmod(0o600)

    def url(user="scram:secret", **query):
        name = user.split(":")[0]
        query = {key: tmp_path / value if key.startswith("ssl") and "." in value else value
                 for key, value in query.items()}
        return encrypted.url(encrypted.database(f"owner {name}"), user=user, query="?" + urllib.parse.urlencode(query))

    url.server = encrypted
    return url


@pytest.mark.parametrize("query", [
    {"sslmode": "require"},
    {"sslmode": "verify-ca", "sslrootcert": "authority.pem"},
    {"sslmode": "verify-full", "sslrootcert": "authority.pem"},
], ids=lambda query: query["sslmode"])
def test_the_url_says_how_and_the_connection_is_so(query, where, tmp_path):
    with Server(tmp_path, "--storage", where(**query)) as server:
        Person(server.rest)
        kinds = where.server.psql(
            "select distinct ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'scram'"
        )
        assert kinds == "t"


def test_a_client_certificate_is_shown(where, tmp_path):
    url = where("certified", sslmode="verify-full", sslrootcert="authority.pem", sslcert="client.pem",
                sslkey="client.key")
    with Server(tmp_path, "--storage", url) as server:
        Person(server.rest)


@pytest.mark.parametrize("query", [
    {"sslmode": "verify-ca", "sslrootcert": "other.pem"},
    {"sslmode": "verify-full", "sslrootcert": "other.pem"},
], ids=lambda query: query["sslmode"])
def test_a_server_that_another_authority_vouches_for_is_refused(query, where, tmp_path):
    done = run("migrate", "--storage", where(**query), cwd=tmp_path)
    assert done.returncode != 0
    # Refused for what it is, and not because there is no TLS at all.
    words = done.stderr.lower()
    assert "certificate" in words or "issuer" in words, words
    assert "secret" not in done.stderr


def test_verify_full_holds_the_name_and_verify_ca_does_not(where, tmp_path):
    url = where.server
    certificate, key = url.authority.issue("elsewhere.example", addresses=("192.0.2.1",))
    good = (url.data / "server.crt").read_bytes(), (url.data / "server.key").read_bytes()
    url.file("server.crt", certificate), url.file("server.key", key)
    url.psql("select pg_reload_conf()")
    try:
        full = run("migrate", "--storage", where(sslmode="verify-full", sslrootcert="authority.pem"), cwd=tmp_path)
        authority = run("migrate", "--storage", where(sslmode="verify-ca", sslrootcert="authority.pem"), cwd=tmp_path)
    finally:
        url.file("server.crt", good[0]), url.file("server.key", good[1])
        url.psql("select pg_reload_conf()")
    assert authority.returncode == 0, authority.stderr
    assert full.returncode != 0


def test_without_tls_the_error_says_what_the_server_demands(where, tmp_path):
    done = run("migrate", "--storage", where(sslmode="disable"), cwd=tmp_path)
    assert done.returncode != 0
    assert "pg_hba" in done.stderr or "encrypt" in done.stderr.lower() or "tls" in done.stderr.lower(), done.stderr
    assert "password" not in done.stderr.lower()


def test_production_says_or_refuses_plaintext_beyond_loopback(tmp_path, reachable_folder):
    run("keys", "create", "--keys", f"{reachable_folder}/keys")
    try:
        with Server(tmp_path, "--profile", "production", "--plaintext", "--storage",
                    "postgres://postgres@192.0.2.1/db?sslmode=disable", "--keys", f"{reachable_folder}/keys",
                    ready=5) as server:
            said = server.log()
    except DidNotStart as refused:
        said = str(refused)
    assert any(word in said.lower() for word in ("encrypt", "plaintext", "sslmode")), said


def test_a_url_without_a_user_is_the_users_own(postgres, reachable_folder):
    """`postgres://localhost/db` logs in by the name of who runs the server, as every client of PostgreSQL does."""
    if not owner():
        missing("another user needs root")
    database = postgres.database()
    done = subprocess.run(
        [*_as(owner()), _binary(reachable_folder), "migrate", "--storage",
         f"postgres://{postgres.host}:{postgres.port}/{database}"],
        cwd="/", capture_output=True, text=True, timeout=20,
    )
    assert done.returncode == 0, done.stderr


def test_a_url_without_a_host_is_the_socket(postgres, reachable_folder):
    """`postgres:///db` with the socket's folder beside it, as Debian's own PostgreSQL is reached without a password."""
    if not owner():
        missing("another user needs root")
    database = postgres.database()
    done = subprocess.run(
        [*_as(owner()), _binary(reachable_folder), "migrate", "--storage",
         f"postgres:///{database}?host={postgres.folder}&port={postgres.port}"],
        cwd="/", capture_output=True, text=True, timeout=20,
    )
    assert done.returncode == 0, done.stderr


def _as(user):
    entry = pwd.getpwnam(user)
    return ["setpriv", "--reuid", user, "--regid", str(entry.pw_gid), "--clear-groups", "env",
            f"HOME={entry.pw_dir}", f"USER={user}"]


def _binary(folder):
    """The binary where another user can reach it: the home of who builds may be closed."""
    shutil.copy(binary(), f"{folder}/duologue")
    os.chmod(f"{folder}/duologue", 0o755)
    return f"{folder}/duologue"
