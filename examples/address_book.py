"""Keeps the address book of a mail house: which customer lives where, from the events of dossier.

    python3 -m pip install nats-py
    python3 address_book.py --server nats://127.0.0.1:4222 --book addresses.db
    python3 address_book.py --book addresses.db --show C-000001
"""

import argparse
import asyncio
import contextlib
import json
import sqlite3
import sys
from urllib.parse import unquote

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

BATCH = 256
IDLE_S = 5
FIRST = 1

TABLES = """
CREATE TABLE IF NOT EXISTS place (position INTEGER NOT NULL, sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS customers (customer TEXT PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS addresses (customer TEXT, address INTEGER, body TEXT NOT NULL, PRIMARY KEY (customer, address));
INSERT INTO place SELECT 0, 0 WHERE NOT EXISTS (SELECT * FROM place);
"""


class Missing(Exception):
    """An event that must have been there did not come."""


class Lost(Exception):
    """Messages did not arrive."""


class Stop(Exception):
    """Nothing but a human helps."""


class Event:
    """A message, as far as an address book cares."""

    def __init__(self, message):
        headers = message.headers
        self.type = headers["ce-type"]
        self.position = int(headers["ce-position"])
        self.previous = int(headers["ce-previousposition"])
        self.customer = unquote(headers["ce-subject"])
        self.address = headers.get("ce-object")
        self.forgotten = headers.get("ce-forgotten") == "true"
        self.body = message.data.decode()
        self.sequence = message.metadata.sequence.stream


class Book:
    """The addresses and our place among the events, in one file: they change together or not at all."""

    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.executescript(TABLES)

    def place(self):
        return self.db.execute("SELECT position, sequence FROM place").fetchone()

    def take(self, events):
        """Takes in all of them, and that we did; or, if anything is wrong, none."""
        with self.db:
            for event in events:
                self.take_one(event)

    def take_one(self, event):
        position, _ = self.place()
        if event.position > position:
            if event.previous != self.last_of(event.customer):
                raise Missing(f"an event of customer {event.customer} is missing before position {event.position}")
            self.apply(event)
            self.db.execute("REPLACE INTO customers VALUES (?, ?)", (event.customer, event.position))
        if event.position >= position:
            self.db.execute("UPDATE place SET position = ?, sequence = ?", (event.position, event.sequence))

    def last_of(self, customer):
        found = self.db.execute("SELECT position FROM customers WHERE customer = ?", (customer,)).fetchone()
        return found[0] if found else 0

    def apply(self, event):
        key = (event.customer, event.address)
        if event.type in ("customer.address-added.v1", "customer.address-changed.v1") and not event.forgotten:
            if not event.body:
                raise Stop("this bank does not publish the bodies of addresses")
            self.db.execute("REPLACE INTO addresses VALUES (?, ?, ?)", (*key, event.body))
        elif event.type == "customer.address-removed.v1" or event.forgotten and event.address:
            self.db.execute("DELETE FROM addresses WHERE customer = ? AND address = ?", key)
        elif event.type.startswith("customer.address-") and not event.forgotten:
            raise Stop(f"events of the type {event.type} are newer than this program")

    def of(self, customer):
        rows = self.db.execute("SELECT address, body FROM addresses WHERE customer = ? ORDER BY address", (customer,))
        return {str(address): json.loads(body) for address, body in rows}

    def summary(self):
        count = self.db.execute("SELECT count(*), count(DISTINCT customer) FROM addresses").fetchone()
        return "position {}: {} addresses of {} customers".format(self.place()[0], *count)


class Subscriber:
    """Brings events into the book, for as long as it runs."""

    def __init__(self, client, book, arguments):
        self.jetstream = client.jetstream(prefix=arguments.api)
        self.book, self.stream, self.subject = book, arguments.stream, f"{arguments.prefix}.customer.>"
        # A consumer that was made for us gives us one message until we acknowledge it, then the next.
        self.given, self.batch = arguments.consumer, 1 if arguments.consumer else BATCH
        self.lost = asyncio.Event()
        self.delivered = 0

    async def run(self):
        from_first = False
        while True:
            # What is lost from here on ends the session that begins here.
            self.lost.clear()
            start = FIRST if from_first or self.given else await self.start()
            try:
                await self.session(start)
                from_first = False
            except Missing as missing:
                if start == FIRST:
                    raise Stop(f"{missing}, and the stream does not hold it: ask the bank") from missing
                say(f"{missing}; reading again from the first message")
                from_first = True

    async def start(self):
        """After our last message, if it is still where it was; else at the first."""
        position, sequence = self.book.place()
        if position == 0:
            return FIRST
        try:
            last = await self.jetstream.get_msg(self.stream, seq=sequence, direct=True)
        except nats.js.errors.NotFoundError:
            return FIRST
        return sequence + 1 if (last.headers or {}).get("ce-position") == str(position) else FIRST

    async def session(self, start):
        """Reads on until the connection was lost, or the server has lost our consumer."""
        consumer = await (self.bind() if self.given else self.make(start))
        self.delivered = 0
        try:
            if (await consumer.consumer_info()).num_pending == 0:
                self.caught_up()
            while not self.lost.is_set():
                await self.step(consumer)
        except nats.js.errors.NotFoundError:
            if self.given:
                raise
        finally:
            await consumer.unsubscribe()

    async def make(self, start):
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=start,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=60,
        )
        return await self.jetstream.pull_subscribe(self.subject, stream=self.stream, config=config)

    async def bind(self):
        consumer = await self.jetstream.pull_subscribe_bind(durable=self.given, stream=self.stream)
        config = (await consumer.consumer_info()).config
        if config.ack_policy != AckPolicy.EXPLICIT or config.max_ack_pending != 1:
            raise Stop("only a consumer with explicit acknowledgments, one at a time, keeps the order")
        return consumer

    async def step(self, consumer):
        try:
            messages = await consumer.fetch(self.batch, timeout=IDLE_S)
        except asyncio.TimeoutError:  # that of nats-py is one, too, and it lets others pass
            self.count((await consumer.consumer_info()).delivered.consumer_seq)
            return
        for message in messages:
            self.delivered += 1
            self.count(message.metadata.sequence.consumer)
        self.book.take(Event(message) for message in messages)
        if self.given:
            await messages[-1].ack()
        if messages[-1].metadata.num_pending == 0:
            self.caught_up()

    def count(self, delivered):
        """What is not to be acknowledged does not come again by itself when it was lost on its way."""
        if not self.given and delivered != self.delivered:
            raise Lost("messages were lost on their way")

    def caught_up(self):
        say(f"caught up at {self.book.summary()}")


async def follow(arguments):
    book = Book(arguments.book)
    say(f"going on at {book.summary()}")

    async def reconnected():
        subscriber.lost.set()

    async def failed(error):
        say(f"the connection fails ({error}); trying again")

    client = await nats.connect(
        arguments.server,
        user_credentials=arguments.credentials,
        max_reconnect_attempts=-1,
        reconnected_cb=reconnected,
        error_cb=failed,
    )
    subscriber = Subscriber(client, book, arguments)
    while True:
        try:
            await subscriber.run()
        except (nats.errors.Error, asyncio.TimeoutError, Lost) as error:
            say(f"{str(error) or 'no answer'}; trying again")
            await asyncio.sleep(1)


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--book", required=True, help="the file that holds the book")
    parser.add_argument("--show", metavar="CUSTOMER", help="print the addresses of a customer")
    parser.add_argument("--server", default="nats://127.0.0.1:4222")
    parser.add_argument("--credentials", help="a credentials file, if the server asks for one")
    parser.add_argument("--stream", default="DOSSIER")
    parser.add_argument("--prefix", default="dossier")
    parser.add_argument("--consumer", help="the consumer that was made for us, where we may make none")
    parser.add_argument("--api", default="$JS.API", help="the prefix of JetStream's API, where it is another")
    arguments = parser.parse_args()
    if arguments.show:
        print(json.dumps(Book(arguments.book).of(arguments.show), ensure_ascii=False, indent=2))
        return
    try:
        asyncio.run(follow(arguments))
    except Stop as stop:
        sys.exit(f"stopped: {stop}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
