"""Opens both pages in headless Chromium: sees every operation, calls one with a token, sees every event; counts what would leave."""

import json
import os
import shutil
import sys
import urllib.request
from urllib.parse import urlsplit

from playwright.sync_api import Error, sync_playwright

OPERATION = "#operations-Customers-getCustomers"


def main(base, token):
    asked, complaints = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments())
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # A breach of the page's own policy is told here too.
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.goto(f"{base}/docs")
        page.wait_for_selector(".opblock")
        expect("operations on the page", page.locator(".opblock").count(), operations(base))
        authorize(page, token)
        expect("status of the call", call(page), "200")
        expect("customers in the answer", '"customerIdentification"' in page.inner_text(f"{OPERATION} .responses-wrapper"), True)
        see_events(page, base)
        browser.close()
    expect("complaints of the browser", complaints, [])
    expect("requests that would leave this machine", [url for url in asked if leaves(url, base)], [])
    expect("calls of the API", sum(urlsplit(url).path == "/customers" for url in asked), 1)


def see_events(page, base):
    page.goto(f"{base}/docs/events")
    messages = document(base, "/asyncapi.json")["components"]["messages"]
    expect("events on the page", page.locator("section h3").all_inner_texts(), sorted(messages, key=aggregate_first))
    for tag, message in messages.items():
        page.click(f"nav a[href='#{tag}']")
        section = page.locator(f"section[id='{tag}']")
        for summary in section.locator("summary").all():
            summary.click()
        text = section.inner_text()
        for told in [*message["headers"]["properties"], *(example["summary"] for example in message["examples"])]:
            expect(f"{told} among what is shown of {tag}", told in text, True)
    # What the page itself is made of has come, and everything that it leads to is there.
    expect("font of the page", "sans-serif" in page.evaluate("getComputedStyle(document.body).fontFamily"), True)
    for link in page.eval_on_selector_all("a[href]", "links => links.map(link => link.href.split('#')[0])"):
        if leaves(link, base):
            sys.exit(f"deploy/docs.py: the page leads to {link}")
        expect(f"status of {link}", page.request.get(link).status, 200)


def aggregate_first(tag):
    return tag.split(".", 1)


def arguments():
    """No name is resolved and no proxy asked, whatever the environment says; root has no sandbox."""
    closed = ["--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
    return closed + (["--no-sandbox"] if os.geteuid() == 0 else [])


def operations(base):
    return sum(len(item) for item in document(base, "/openapi.json")["paths"].values())


def document(base, path):
    """Asked directly, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(base + path, timeout=30) as answer:
        return json.load(answer)


def authorize(page, token):
    page.click(".auth-wrapper .authorize")
    page.fill(".auth-container input", token)
    page.click(".auth-container .authorize")
    page.click(".modal-ux .btn-done")


def call(page):
    page.click(f"{OPERATION} .opblock-summary-control")
    page.click(f"{OPERATION} .execute")
    status = page.wait_for_selector(f"{OPERATION} .live-responses-table .response .response-col_status")
    return status.inner_text().strip().split()[0]


def leaves(url, base):
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(base).netloc


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"deploy/docs.py: {what}: {found}, not {expected}")


try:
    main(*sys.argv[1:])
except Error as error:
    sys.exit(f"deploy/docs.py: {error.message.splitlines()[0]}")
