"""Texts of `provision help TOPIC`. Data only."""

TOPICS: dict[str, str] = {
    "exit-codes": """\
Exit codes
    0  done, or nothing to do (status: nothing unhealthy or failed)
    1  failed, nothing was changed (status: unhealthy or failed); not confirmed
    2  changes are present (only with --detailed-exitcode), or drift found some
    3  a document is invalid
    4  not allowed
    5  denied: protected data, or a policy
    6  waiting for approval
    7  outside the change window, or frozen
    8  another run holds the lock
    9  at least one change was made and at least one step failed
   10  failed and rolled back cleanly
   11  the plan is stale, or more would have been done than it showed
   12  a tool, a provider or a host is missing
   64  usage: the command line is wrong
   70  a bug in provision
  124  timed out (--timeout)
  130  interrupted (Ctrl-C)
  143  terminated (SIGTERM)""",
    "environment": """\
Environment variables
  PROVISION_NAME            each option: --lock-wait is PROVISION_LOCK_WAIT; repeatable ones are split at spaces
  PROVISION_ENVIRONMENT     the environment (-e)
  PROVISION_STORE           where runs are remembered: a path, or a database URL
  PROVISION_OUTPUT          text or json (-o)
  PROVISION_YES             1: do not ask
  PROVISION_DEBUG           1: a bug shows its traceback on the terminal
  NO_COLOR, FORCE_COLOR     colours off, on; --color always|never goes before them
  COLUMNS                   width of the text
  CI                        set: plain lines instead of the live tree
Variables of the tools (AWS_…, TF_…, ANSIBLE_…) reach them; in the sandbox those that give credentials are ignored.""",
    "formats": """\
Formats
  text      for people; aligned, coloured on a terminal, may change in any version
  json      for programs: one object on stdout, with schemaVersion (1) and kind
  ndjson    provision events: one object per line
  mermaid   provision graph; svg too
Rules for readers of JSON: ignore keys that you do not know, refuse another schemaVersion. provision schema --of plan prints
the schema of a kind: application, environment, plan, result, run, runs, event, status, outputs, validate, graph, types, type, doctor, error.
With -o json an error is an object of kind "error" on stdout, and text on stderr.""",
}
