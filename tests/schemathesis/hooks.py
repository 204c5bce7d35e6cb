"""What a document cannot tell schemathesis: which requests are refused although they fit their schema, and why."""

import json
import os
import re

import schemathesis
from schemathesis.core import NotSet
from schemathesis.core.parameters import ParameterLocation

REFERENCE = "Customer Management API"

# Violations that no schema can express: where they are, and what is told of them.
RULES = re.compile(
    r".* does not agree with the same member further up"
    r"|/addressIdentification is not the one in the path"
    # The same of what does not stand in the body.
    r"| SIX123: the parameter cursor was not issued here for this list"
    r"| the parameter addressIdentification is no address id"
    r"| the parameter (cursor|limit|addressIdentification) must be sent once"
    r"| the header X-Min-Log-Position was not issued to you here"
)

CONTENT_RULES = re.compile(r"/contactContent is not (?:(an email address)|the address of a website|filled in)")

# To OpenWealth any number may be the id of an address; to the service's own document, and to the service, only these are.
NO_ID = "/addressIdentification is not a whole number from 1 to 9007199254740991"
ID_MAX = 9007199254740991

# As large as OpenWealth lets a limit be.
LIMIT_MAX = 2147483647

# What OpenWealth's document leaves open, and the service's own tells.
OPEN_RULES = re.compile(
    r"/postalAddress is required"
    r"|.*/country is not (two capital letters|a country of ISO 3166-1)"
    r"|.*/(postCode|townName|contactContent) is not filled in"
    r"|/contactContent is not (an email address|the address of a website)"
    r"|/contactContent is not (a phone number|a fax number)"
    r"|.* contains a control character"
    r"| the header X-Correlation-ID (must have 1 to 64 characters|is not UTF-8|contains a control character)"
)

CLIENT = "X-CorAPI-Client-ID"
PLACE = {"postCode": "8001", "townName": "Zürich", "country": "CH"}
CONTENTS = {
    "email": "anna.muster@example.com",
    "phone": "+41 44 668 18 00",
    "fax": "0041446681801",
    "website": "https://www.example.com/anna?x=1#top",
}


@schemathesis.check
def refused_for_a_rule(ctx, response, case):
    """A request that fits its schema is answered with 400 only where it breaks a rule that is told in words."""
    if response.status_code != 400 or not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    if not is_told(problem, is_of_reference(case), case.body):
        raise AssertionError(f"Refused for what is told nowhere: {json.dumps(problem, ensure_ascii=False)}")


def is_of_reference(case):
    return case.operation.schema.raw_schema["info"]["title"] == REFERENCE


def is_told(problem, reference, body):
    violations = [f"{violation['pointer']} {violation['detail']}" for violation in problem["violations"]]
    return all(
        RULES.fullmatch(one) or is_beyond(one, body) or reference and is_open(one, body) for one in violations
    )


def is_beyond(violation, body):
    """What patterns leave open of the contents of contact details."""
    found = CONTENT_RULES.fullmatch(violation)
    if not found:
        return False
    content = body["contactContent"]
    left_open = content.find("@") > 64 if found[1] else "[" in content
    return left_open or not content.isascii()


def is_open(violation, body):
    if violation == NO_ID:
        return not is_id(body["addressIdentification"])
    return OPEN_RULES.fullmatch(violation)


def is_id(number):
    return number == int(number) and 1 <= number <= ID_MAX


@schemathesis.hook
def map_case(context, case):
    """Half of what fits the schema also follows the rules, so that writes go through."""
    if case.meta.generation.mode.is_positive and isinstance(case.body, dict) and len(str(case.body)) % 2:
        case.body = printable(case.body)
        follow_rules(case.body)
    # A call for another client than the token's is refused, as it should be.
    if case.headers and CLIENT in case.headers:
        case.headers[CLIENT] = os.environ["DOSSIER_CLIENT"]
    return case


def printable(value):
    if isinstance(value, dict):
        return {name: printable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [printable(item) for item in value]
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "", value) if isinstance(value, str) else value


def follow_rules(body):
    if body.get("medium") in CONTENTS:
        body["contactContent"] = CONTENTS[body["medium"]]
    if "addressIdentification" in body:
        body["addressIdentification"] = 1
    postal = body.get("postalAddress")
    if isinstance(postal, dict):
        physical = postal.setdefault("physicalAddress", {})
        physical |= PLACE
        for name in (*PLACE, "isDomicile", "isMailingAddress"):
            postal.pop(name, None)


@schemathesis.hook
def filter_case(context, case):
    return not is_of_reference(case) or not adds_nothing(case) and not is_wrong_of_what_is_ignored(case)


def adds_nothing(case):
    """OpenWealth lets a contact detail be added without a body, and nothing can be added then."""
    body = case.operation.definition.raw.get("requestBody")
    return body is not None and not body.get("required") and isinstance(case.body, NotSet)


def is_wrong_of_what_is_ignored(case):
    """To OpenWealth cursor and limit may be wrong where they are ignored, and so is a limit that is only capped."""
    wrong = [place for place, part in case.meta.components.items() if part.mode.is_negative]
    if wrong != [ParameterLocation.QUERY]:
        return False
    listed = case.operation.definition.raw["responses"].get("200", {})
    limit = str((case.query or {}).get("limit"))
    return "nextCursor" not in listed.get("headers", {}) or re.fullmatch("[0-9]+", limit) and int(limit) > LIMIT_MAX
