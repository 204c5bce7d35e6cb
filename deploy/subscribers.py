"""Runs the address books of examples/ against a live service: kills what can die, and compares them with the API."""

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from urllib.parse import quote, unquote

import nats
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

SEED = 7
ROUNDS = 8
WRITES_OF_A_ROUND = 25
AGREE_S_MAX = 60
END_S_MAX = 30
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Api:
    def __init__(self, base, token):
        self.base, self.token = base, token

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("X-Correlation-ID", "subscribers")
        request.add_header("Content-Type", "application/json")
        with OPENER.open(request, timeout=30) as answer:
            text = answer.read()
            return (json.loads(text) if text else None), answer.headers

    def customers(self):
        cursor = ""
        while True:
            page, headers = self.call("GET", f"/customers?limit=100{cursor and '&cursor=' + cursor}")
            yield from page
            cursor = headers["nextCursor"]
            if not cursor:
                return

    def book(self):
        """Every address of everybody, as events tell it."""
        book = {}
        for customer in self.customers():
            name = customer["customerIdentification"]
            for address in customer["addressList"]:
                number = str(address["addressIdentification"])
                found, _ = self.call("GET", f"{addresses_of(name)}/{number}")
                book.setdefault(name, {})[number] = as_told(found)
        return book


def addresses_of(customer):
    return f"/customers/{quote(customer, safe='')}/addresses"


def as_told(address):
    """Without what the API says twice."""
    del address["addressIdentification"]
    for member in ("isDomicile", "isMailingAddress", "postCode", "townName", "country"):
        address["postalAddress"].pop(member, None)
    return address


class Subscriber:
    """One of the examples, which is killed as often as one likes."""

    def __init__(self, name, command, folder, server, stream="DOSSIER", prefix="dossier", given=()):
        self.name, self.file = name, os.path.join(folder, f"{name}-{stream}")
        if name == "python":
            self.command = [*command, "--server", server, "--book", self.file, "--stream", stream, "--prefix", prefix]
            if given:
                self.command += ["--consumer", given[0], "--api", given[1]]
        else:
            self.command = [*command, server, self.file, stream, prefix, *given]
        self.log = open(self.file + ".log", "a+")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=self.log)

    def still_runs(self):
        if self.process.poll() is not None:
            sys.exit(f"deploy/subscribers.py: {self.name} ended by itself:\n{self.said()}")

    def kill(self):
        self.still_runs()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def book(self):
        if not os.path.exists(self.file):
            return {}
        if self.name == "python":
            return self.rows()
        with open(self.file) as file:
            customers = json.load(file)["customers"]
        return {name: customer["addresses"] for name, customer in customers.items() if customer["addresses"]}

    def rows(self):
        book = {}
        with contextlib.closing(sqlite3.connect(self.file)) as database:
            # Where nothing is yet, there is no table.
            with contextlib.suppress(sqlite3.OperationalError):
                for customer, address, body in database.execute("SELECT customer, address, body FROM addresses"):
                    book.setdefault(customer, {})[str(address)] = json.loads(body)
        return book

    def agrees(self, book):
        deadline = time.monotonic() + AGREE_S_MAX
        while self.book() != book:
            if time.monotonic() > deadline:
                sys.exit(f"deploy/subscribers.py: {self.name} has another book:\n{difference(self.book(), book)}\n{self.said()}")
            self.still_runs()
            time.sleep(0.1)


def difference(found, expected):
    keys = {*found, *expected}
    return "\n".join(f"{key}: {found.get(key)}, not {expected.get(key)}" for key in sorted(keys) if found.get(key) != expected.get(key))


class Server:
    """nats-server, which may lose its memory."""

    def __init__(self, program, url, folder, *more):
        self.store = os.path.join(folder, "store")
        self.command = [program, "--addr", "127.0.0.1", "--port", url.rsplit(":", 1)[1], "--jetstream", "--store_dir", self.store, *more]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def forget(self):
        self.kill()
        subprocess.run(["rm", "-r", self.store], check=True)
        self.start()


def address(town, number=None):
    place = {"postCode": "8001", "townName": town, "country": "CH"}
    body = {"dispatchType": "postal", "postalAddress": {"salutation": {}, "physicalAddress": place}}
    return {**body, "addressIdentification": number} if number else body


class Writer:
    """A client that adds and changes addresses."""

    def __init__(self, api):
        self.api, self.chance, self.written = api, random.Random(SEED), 0
        open_ones = [one for one in api.customers() if one["status"] != "closed"]
        self.customers = [one["customerIdentification"] for one in open_ones]

    def write(self):
        self.written += 1
        path = addresses_of(self.chance.choice(self.customers))
        added, _ = self.api.call("POST", path, address(f"Zürich {self.written}"))
        if self.chance.random() < 0.5:
            self.api.call("PUT", path, address(f"Bern {self.written}", int(added["addressIdentification"])))


def survive(subscribers, server, writer, reader):
    """Writes, and now and then something dies: a subscriber, the server, the server with all that it knew."""
    for number in range(ROUNDS):
        for _ in range(WRITES_OF_A_ROUND):
            writer.write()
        for subscriber in subscribers:
            subscriber.kill()
        if number == 3:
            server.kill()
            server.start()
        if number == 5:
            server.forget()
        for subscriber in subscribers:
            subscriber.start()
    # Once more while they are connected and wait.
    book = reader.book()
    for subscriber in subscribers:
        subscriber.agrees(book)
    server.forget()
    for _ in range(WRITES_OF_A_ROUND):
        writer.write()


async def copy(url, stream, change, to=None):
    """A stream, on another server if one is named, that holds what the real one does, but changed; returns what it was made of."""
    client = await nats.connect(url)
    jetstream = client.jetstream()
    count = (await jetstream.stream_info("DOSSIER")).state.messages
    consumer = await jetstream.pull_subscribe("dossier.>", stream="DOSSIER", config=ConsumerConfig(ack_policy=AckPolicy.NONE))
    messages = []
    while len(messages) < count:
        messages += await consumer.fetch(256)
    prefix = stream.lower()
    if to:
        await client.close()
        client = await connect(to)
        jetstream = client.jetstream()
    await jetstream.add_stream(StreamConfig(name=stream, subjects=[f"{prefix}.>"]))
    for subject, body, headers in change(messages):
        ours = {name: value for name, value in headers.items() if not name.startswith("Nats-")}
        await jetstream.publish(f"{prefix}.{subject.split('.', 1)[1]}", body, headers=ours)
    await client.close()
    return messages


def parts(message):
    return message.subject, message.data, message.headers


def without_one(messages):
    """One event less, in the history of a customer that goes on."""
    customers = [message.headers["ce-subject"] for message in messages if ".customer." in message.subject]
    lost = next(message for message in messages if customers.count(message.headers["ce-subject"]) > 2 and ".customer." in message.subject)
    return [parts(message) for message in messages if message is not lost]


def forgotten(messages):
    """Some events twice, and in the end one whose body was forgotten."""
    last = next(message for message in reversed(messages) if ".address-added" in message.subject)
    same = [message for message in messages if message.headers["ce-subject"] == last.headers["ce-subject"] and ".customer." in message.subject]
    position = int(messages[-1].headers["ce-position"]) + 1
    places = {"ce-position": str(position), "ce-previousposition": same[-1].headers["ce-position"], "ce-forgotten": "true"}
    twice = [parts(message) for message in messages[:100] for _ in range(2)]
    return [*twice, *map(parts, messages[50:]), (last.subject, b"", {**last.headers, **places})]


def notices_what_is_missing(make, url):
    asyncio.run(copy(url, "HOLED", without_one))
    for subscriber in make("HOLED", "holed"):
        subscriber.start()
        try:
            code = subscriber.process.wait(timeout=END_S_MAX)
        except subprocess.TimeoutExpired:
            subscriber.kill()
            code = "none"
        expect(f"exit code of {subscriber.name}", code, 1)
        expect(f"{subscriber.name} tells what is missing", "is missing before position" in subscriber.said(), True)


def forgets_what_is_forgotten(make, url, book):
    messages = asyncio.run(copy(url, "FORGETS", forgotten))
    last = next(message for message in reversed(messages) if ".address-added" in message.subject)
    del book[unquote(last.headers["ce-subject"])][last.headers["ce-object"]]
    book = {name: addresses for name, addresses in book.items() if addresses}
    for subscriber in make("FORGETS", "forgets"):
        subscriber.start()
        subscriber.agrees(book)
        subscriber.kill()


CHOSEN = 20


def only_some(messages):
    """All that happened to some customers."""
    customers = chosen(message.headers["ce-subject"] for message in messages if ".customer." in message.subject)
    return [parts(message) for message in messages if message.headers["ce-subject"] in customers]


def chosen(customers):
    return sorted(set(customers))[:CHOSEN]


async def make_consumer(url):
    """As README.md has it, for a reader who may make none; one that was there is gone."""
    client = await connect(url)
    jetstream = client.jetstream()
    with contextlib.suppress(nats.js.errors.NotFoundError):
        await jetstream.delete_consumer("DOSSIER", "reader")
    # What a killed reader was given comes again soon.
    config = ConsumerConfig(durable_name="reader", ack_policy=AckPolicy.EXPLICIT, ack_wait=1, max_ack_pending=1, filter_subject="dossier.customer.>")
    await jetstream.add_consumer("DOSSIER", config)
    await client.close()


def reads_by_a_consumer_that_was_made(commands, program, url, folder, book):
    """Behind deploy/nats-access.conf, with a login in the address, over TLS."""
    port = free_port()
    server = Server(program, f"tls://127.0.0.1:{port}", folder, "--config", "deploy/nats-access.conf")
    operator, reader = (f"tls://{user}:secret@127.0.0.1:{port}" for user in ("operator", "reader"))
    try:
        messages = asyncio.run(copy(url, "DOSSIER", only_some, operator))
        customers = chosen(message.headers["ce-subject"] for message in messages if ".customer." in message.subject)
        book = {name: book[name] for name in map(unquote, customers) if name in book}
        for name, command in commands.items():
            asyncio.run(make_consumer(operator))
            subscriber = Subscriber(name, command, folder, reader, given=("reader", "dossier.api"))
            subscriber.start()
            while not subscriber.book():
                subscriber.still_runs()
            subscriber.kill()
            subscriber.start()
            subscriber.agrees(book)
            subscriber.kill()
    finally:
        server.kill()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main(base, token, reader, program, url, rust):
    commands = {"python": [sys.executable, "examples/address_book.py"], "rust": [rust]}
    with tempfile.TemporaryDirectory() as folder:

        def make(stream="DOSSIER", prefix="dossier"):
            return [Subscriber(name, command, folder, url, stream, prefix) for name, command in commands.items()]

        server = Server(program, url, folder)
        subscribers = make()
        try:
            wait_for_stream(url)
            for subscriber in subscribers:
                subscriber.start()
            survive(subscribers, server, Writer(Api(base, token)), Api(base, reader))
            book = Api(base, reader).book()
            for subscriber in subscribers:
                subscriber.agrees(book)
                subscriber.kill()
            print(f"{sum(map(len, book.values()))} addresses of {len(book)} customers, in both books and in the API")
            notices_what_is_missing(make, url)
            guarded = os.path.join(folder, "guarded")
            os.mkdir(guarded)
            reads_by_a_consumer_that_was_made(commands, program, url, guarded, book)
            forgets_what_is_forgotten(make, url, book)
        finally:
            for process in [one.process for one in subscribers] + [server.process]:
                if process and process.poll() is None:
                    process.kill()


async def connect(url):
    """Once the server is there."""

    async def not_yet(_):
        pass

    return await nats.connect(url, max_reconnect_attempts=-1, error_cb=not_yet)


def wait_for_stream(url):
    async def wait():
        client = await connect(url)
        for _ in range(AGREE_S_MAX * 10):
            try:
                return await client.jetstream().stream_info("DOSSIER")
            except nats.errors.Error:
                await asyncio.sleep(0.1)
        sys.exit("deploy/subscribers.py: there is no stream")

    asyncio.run(wait())


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"deploy/subscribers.py: {what}: {found}, not {expected}")


main(*sys.argv[1:])
