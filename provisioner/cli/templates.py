"""What `provision init` writes. Data only."""

HEAD = "# yaml-language-server: $schema=app.schema.json\n"

IGNORE = """\
# state, plans, secrets and logs of provision: never to be shared
.provision/
"""

SERVICE = '''\
"""A web service with the standard library only: answers with its settings, which provision filled in."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = {"greeting": os.environ.get("GREETING", ""), "bucket": os.environ.get("BUCKET", ""), "table": os.environ.get("TABLE", "")}
        body = json.dumps(answer).encode() + b"\\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
'''

QUICKSTART = HEAD + """\
# What this application needs. Where it goes is said elsewhere: without an environment it goes to the sandbox on this machine.
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata:
  name: NAME
  # a version for releases: what was delivered under one is frozen, the next edit needs the next one; also ${app.version}
  # annotations: {app.oam.dev/publishVersion: "0.1.0"}
spec:
  components:
    - {name: files, type: bucket}            # provision types bucket: all parameters
    - {name: visits, type: table}

    - name: web
      type: webservice
      properties:
        artifact: service                    # this folder is delivered as it is
        cmd: [python3, web.py]
        ports: [{port: 8090}]
        env:
          PORT: "8090"
          GREETING: Hello from NAME
          BUCKET: "${files.name}"            # an output of `files`: it is made first
          TABLE: "${visits.name}"
        readinessProbe: {httpGet: {path: /, port: 8090}}
      traits:
        - {type: gateway, properties: {http: {"/": 8090}}}
"""

HOSTS = HEAD + """\
# One service on your own machines, by SSH: provision apply -e prod
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata:
  name: NAME
spec:
  components:
    - name: web
      type: webservice
      properties:
        artifact: service
        cmd: [python3, web.py]
        ports: [{port: 8090}]
        env: {PORT: "8090", GREETING: Hello from NAME}
        readinessProbe: {httpGet: {path: /, port: 8090}}
"""

HYBRID = HEAD + """\
# A database and a bucket in the cloud, the service on your own machines: provision apply -e prod
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata:
  name: NAME
spec:
  components:
    - {name: ledger, type: postgres, properties: {version: "15", storageGB: 20}}
    - {name: files, type: bucket}

    - name: web
      type: webservice
      properties:
        artifact: service
        cmd: [python3, web.py]
        ports: [{port: 8090}]
        env:
          PORT: "8090"
          GREETING: Hello from NAME
          BUCKET: "${files.name}"
          DATABASE_URL: "${ledger.url}"      # sensitive: never printed, never in a log
        readinessProbe: {httpGet: {path: /, port: 8090}}
"""

ON_HOSTS = """\
# Where things go. Addresses are examples: put your own here.
apiVersion: provision/v1
kind: Environment
metadata: {name: prod}
spec:
  targets:
    - name: dc1
      labels: {zone: core}
      hosts:
        user: deploy
        become: true
        list:
          - {name: web-1, address: 203.0.113.7}
          - {name: web-2, address: 203.0.113.8}
"""

ON_BOTH = ON_HOSTS + """\
    - name: aws
      labels: {zone: cloud}
      aws: {region: eu-central-1}
  place:
    - {types: [postgres, bucket], one: {zone: cloud}}
    - {types: [webservice], each: {zone: core}}
"""

EXAMPLE_ENVIRONMENT = ON_BOTH

TEMPLATES: dict[str, dict[str, str]] = {
    "quickstart": {"app.yaml": QUICKSTART, "service/web.py": SERVICE, "environments/prod.yaml.example": EXAMPLE_ENVIRONMENT, ".gitignore": IGNORE},
    "hosts": {"app.yaml": HOSTS, "service/web.py": SERVICE, "environments/prod.yaml": ON_HOSTS, ".gitignore": IGNORE},
    "hybrid": {"app.yaml": HYBRID, "service/web.py": SERVICE, "environments/prod.yaml": ON_BOTH, ".gitignore": IGNORE},
}
"""Template to path to content; NAME stands for the application's name."""
NEXT = {
    "quickstart": ("provision plan", "provision apply"), "hosts": ("provision doctor", "provision plan"),
    "hybrid": ("provision doctor", "provision plan"),
}
