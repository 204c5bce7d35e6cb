"""Applies an OpenAPI overlay 1.0 to the document that it extends, and prints the result as JSON."""

import json
import sys
from pathlib import Path

import jsonpath
import yaml


def main(overlay):
    actions = load(overlay)
    document = load(Path(overlay).parent / actions["extends"])
    for action in actions["actions"]:
        nodes = list(jsonpath.finditer(action["target"], document))
        if not nodes:
            sys.exit(f"deploy/overlay.py: {action['target']} is nowhere in the document")
        # From the last to the first, so that the places of the others stay.
        for node in reversed(nodes):
            if action.get("remove"):
                del node.parent.obj[node.parts[-1]]
            else:
                merge(node.obj, action["update"])
    json.dump(document, sys.stdout, indent=1)


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader)


class Loader(yaml.SafeLoader):
    """Dates stay the text that JSON has for them."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def merge(into, update):
    """Objects grow member by member, lists at their end, anything else is replaced."""
    for name, value in update.items():
        present = into.get(name)
        if isinstance(present, dict) and isinstance(value, dict):
            merge(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            present.extend(value)
        else:
            into[name] = value


main(sys.argv[1])
