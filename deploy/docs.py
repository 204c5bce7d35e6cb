"""Opens /docs in headless Chromium: sees every operation, calls one with a token, and counts what would leave."""

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
        browser.close()
    expect("complaints of the browser", complaints, [])
    expect("requests that would leave this machine", [url for url in asked if leaves(url, base)], [])
    expect("calls of the API", sum(urlsplit(url).path == "/customers" for url in asked), 1)


def arguments():
    """No name is resolved and no proxy asked, whatever the environment says; root has no sandbox."""
    closed = ["--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
    return closed + (["--no-sandbox"] if os.geteuid() == 0 else [])


def operations(base):
    """How many the document has; asked directly, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{base}/openapi.json", timeout=30) as answer:
        document = json.load(answer)
    return sum(len(item) for item in document["paths"].values())


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
