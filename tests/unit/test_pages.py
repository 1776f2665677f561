"""Pages of types: every part of a definition is there, and each link of the index leads to a page."""

import re
from pathlib import Path

from provisioner.catalog import Catalog
from provisioner.console.pages import index_page, page_name, type_page

DEFINITION = """apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: site, version: 2.0.0}
spec:
  description: A site.
  provides: http
  data: true
  parameters:
    required: [owner]
    properties:
      owner: {type: string, pattern: "^a|b$", x-change: replace, description: Who}
      token: {type: string, writeOnly: true, description: Key.}
      ports: {type: array, default: [], description: Ports, items: {type: object, required: [port], properties: {port: {type: integer, minimum: 1}}}}
      env: {anyOf: [{type: object, additionalProperties: {type: string}}, {type: array, items: {properties: {name: {}}}}], description: Env}
  outputs: {url: {type: string, sensitive: true, value: "x", description: Where}}
  implementations:
    - needs: hosts
      hosts: {os: [debian-12]}
      ansible: {playbook: playbooks/site/site.yml}
      check: partial
      refused: {token: there is none}
      replaces: [token]
      variables: {owner: "${parameters.owner}"}
    - needs: existing
  example: |
    - {name: it, type: site, properties: {owner: a}}
"""
PAGE = """# site

<!-- Made from components/ by scripts/pages.py: edit the definition, then run it. -->

component · version 2.0.0 · speaks http · bears data: destroying or replacing it needs `--allow-destroy NAME`

A site.

## Parameters

| parameter | type | default | when changed | what it is |
|---|---|---|---|---|
| `owner` | string, `^a\\|b$` | **required** | replaces it | Who |
| `token` | string |  |  | Key. Sensitive. |
| `ports` | list of objects | `[]` |  | Ports |
| `ports[].port` | integer from 1 | **required** |  |  |
| `env` | map of string or list of any |  |  | Env |
| `env[].name` | any |  |  |  |

## Outputs

| output | type |  | what it is |
|---|---|---|---|
| `url` | string | sensitive | Where |

## Where it can go

### hosts

Playbook playbooks/site/site.yml. Tested on debian-12. Check mode can't foresee all of it: a plan says *may change*.

Made anew when changed: `token`

Refused here:

- `token`: there is none

### existing

Others: the environment gives its outputs; it is checked and never changed.

## Example

```yaml
- {name: it, type: site, properties: {owner: a}}
```"""


def test_a_page(tmp_path: Path) -> None:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "site.yaml").write_text(DEFINITION)
    definition = Catalog(tmp_path).component("site")
    assert definition and type_page(definition) == PAGE


def test_the_index_leads_to_each_page(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    every = [found for names, read in ((catalog.component_names(), catalog.component), (catalog.trait_names(), catalog.trait))
             for name in names if (found := read(name))]
    links = re.findall(r"\]\(([^)]+)\)", index_page(every))
    assert links == [page_name(one) for one in every] and len(set(links)) == len(every)
    assert all(type_page(one).startswith(f"# {one.name}\n") for one in every)
