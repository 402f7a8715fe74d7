"""PostgreSQL as people set it up: encodings, isolation levels, poolers, read-only."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.machine import LATE, eventually, free_port, listens, program
from support.people import Person
from support.postgres import owner
from support.server import DidNotStart, Server, run


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_that_is_not_utf8_is_refused_by_its_name(command, postgres, tmp_path):
    url = postgres.fresh("encoding 'LATIN1' locale 'C' template template0")
    if command == "migrate":
        said = run("migrate", "--storage", url, cwd=tmp_path)
        assert said.returncode != 0
        said = said.stderr
    else:
        with pytest.raises(DidNotStart) as refused, Server(tmp_path, "--storage", url):
            pass
        said = str(refused.value)
    assert "LATIN1" in said and "UTF8" in said, said


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
@pytest.mark.parametrize("of", ["database", "role"])
def test_a_stricter_isolation_in_the_defaults_fails_nobody(level, of, postgres, tmp_path):
    database = postgres.database()
    role = f"{database}_role"
    postgres.psql(f"create role {role} login superuser")
    kind, name = ("database", database) if of == "database" else ("role", role)
    postgres.psql(f"alter {kind} {name} set default_transaction_isolation = '{level}'")
    url, keys = postgres.url(database, user=role), tmp_path / "keys"
    with Server(tmp_path, "--storage", url, name="one", keys=keys) as one, \
         Server(tmp_path, "--storage", url, name="two", keys=keys) as two:
        a, b = Person(one.rest), Person(one.rest)
        chat = a.chat_with(b)

        def send(number):
            sender, port = (a, b)[number // 2 % 2], (one, two)[number % 2].rest
            return sender.send(chat, f"{number}", port=port).status

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(send, range(80)))
    assert answers == [200] * 80, {status: answers.count(status) for status in set(answers)}


def test_a_database_that_became_read_only_is_not_ready(postgres, tmp_path):
    database = postgres.database()
    with Server(tmp_path, "--storage", postgres.url(database)) as server:
        a, b = Person(server.rest), Person(server.rest)
        chat = a.chat_with(b)
        assert server.admin("/readyz")[0] == 200
        postgres.psql(f"alter database {database} set default_transaction_read_only = on")
        # As after a failover by name: every connection is a new one.
        postgres.psql(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'")
        eventually(lambda: server.admin("/readyz")[0] == 503, 10, "a read-only database is not ready")
        answer = a.send(chat, "refused")
        assert (answer.status, answer.says_when_to_retry) == (503, True)
        postgres.psql(f"alter database {database} set default_transaction_read_only = off")
        postgres.psql(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'")
        eventually(lambda: server.admin("/readyz")[0] == 200, 10 + LATE, "it is ready again")
        eventually(lambda: a.send(chat, "taken").status == 200, 5, "it writes again")


@pytest.fixture(params=["", "extra_float_digits", "extra_float_digits,options"], ids=lambda ignored: ignored or "none")
def pooler(request, postgres, reachable_folder):
    """PgBouncer in session mode, which ignores some of what clients say when they connect, as people configure it."""
    port = free_port()
    lines = {
        "listen_addr": "127.0.0.1", "listen_port": port, "auth_type": "any", "unix_socket_dir": "",
        "pool_mode": "session", "default_pool_size": 60, "logfile": "/dev/stderr", "pidfile": "",
    }
    if request.param:
        lines["ignore_startup_parameters"] = request.param
    ini = f"[databases]\n* = host={postgres.host} port={postgres.port} user=postgres\n[pgbouncer]\n"
    ini += "".join(f"{name} = {value}\n" for name, value in lines.items() if value != "")
    path = f"{reachable_folder}/pgbouncer.ini"
    with open(path, "w") as file:
        file.write(ini + "unix_socket_dir =\n")
    process = subprocess.Popen([program("pgbouncer"), "-q", path], user=owner(), cwd="/", stderr=subprocess.DEVNULL)
    eventually(lambda: listens(port), 10, "PgBouncer listens")
    yield port
    process.terminate()
    process.wait(10)


def test_behind_a_pooler_of_sessions_it_starts_and_its_time_outs_are_in_force(pooler, postgres, tmp_path):
    database = postgres.database()
    with Server(tmp_path, "--storage", postgres.url(database, port=pooler)) as server:
        a, b = Person(server.rest), Person(server.rest)
        chat = a.chat_with(b)
        a.send(chat, "through the pooler").ok()
        # Somebody's open transaction holds the chat: what waits for it ends by the server's own time-out.
        holder = subprocess.Popen(
            ["psql", "-Xq", "-h", postgres.folder, "-p", str(postgres.port), "-U", "postgres", "-d", database],
            stdin=subprocess.PIPE, text=True,
        )
        holder.stdin.write(f"begin; select 1 from chat.chats where chat_id = '{chat}' for update;\n")
        holder.stdin.flush()
        waiting = f"select count(*) from pg_stat_activity where datname = '{database}' and wait_event_type = 'Lock'"
        held = f"select count(*) from pg_locks l join pg_stat_activity a using (pid) where a.datname = '{database}' " \
               "and a.state = 'idle in transaction' and l.mode = 'RowShareLock'"
        eventually(lambda: postgres.psql(held) != "0", 5, "the row is held")
        try:
            assert a.send(chat, "held", timeout=20).status in (503, 504)
            # The caller is gone, and so is its statement: not for as long as the row is held.
            eventually(lambda: postgres.psql(waiting) == "0", 12, "no statement waits for ever", every=0.2)
        finally:
            holder.communicate("rollback;\n")
        eventually(lambda: a.send(chat, "free").status == 200, 5, "the chat goes on")


def test_one_locked_row_stops_one_chat(postgres, tmp_path):
    database = postgres.database()
    with Server(tmp_path, "--storage", postgres.url(database)) as server:
        with ThreadPoolExecutor(8) as pool:
            people = list(pool.map(lambda _: Person(server.rest), range(26)))
        a, b = people[:2]
        held = a.chat_with(b)
        c = people[2]
        held_too = a.chat_with(c)
        others = [(x, x.chat_with(y)) for x, y in zip(people[2::2], people[3::2])]
        holder = subprocess.Popen(
            ["psql", "-Xq", "-h", postgres.folder, "-p", str(postgres.port), "-U", "postgres", "-d", database],
            stdin=subprocess.PIPE, text=True,
        )
        holder.stdin.write(f"begin; select 1 from chat.chats where chat_id = '{held}' for update;\n")
        holder.stdin.flush()
        held_now = f"select count(*) from pg_locks l join pg_stat_activity a using (pid) where a.datname = " \
                   f"'{database}' and a.state = 'idle in transaction' and l.mode = 'RowShareLock'"
        eventually(lambda: postgres.psql(held_now) != "0", 5, "the row is held")
        waiting = f"select count(*) from pg_stat_activity where datname = '{database}' and wait_event_type = 'Lock'"
        try:
            with ThreadPoolExecutor(16) as pool:
                stuck = [pool.submit(a.send, held, "held") for _ in range(2)]
                eventually(lambda: postgres.psql(waiting) != "0", 5, "a send waits for the row")
                listed = pool.submit(a.get, "/v1/chats", headers={"x-request-timeout": "3"})
                sends = [pool.submit(x.send, chat, f"{n}") for n in range(8) for x, chat in others]
                beside = [pool.submit(a.send, held_too, f"{n}", headers={"x-request-timeout": "3"}) for n in range(4)]
                answers = [send.result().status for send in sends]
                besides = [send.result().status for send in beside]
                list_answer = listed.result()
                assert all(send.result().status in (503, 504) for send in stuck)
        finally:
            holder.communicate("rollback;\n")
    assert answers == [200] * len(answers), {status: answers.count(status) for status in set(answers)}
    assert besides == [200] * 4, "sends to another chat of the same member wait behind the row, or behind their list"
    assert list_answer.status == 200, "a list waits for a row of one chat"
