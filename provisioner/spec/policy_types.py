"""What each type of policy is, in words and as an example. Data only; the shapes of their properties are in `policies`."""

ABOUT: dict[str, tuple[str, str]] = {
    "topology": (
        "Puts a copy of each component on every target that it names or describes by labels.",
        "- name: muc\n  type: topology\n  properties: {targetLabelSelector: {site: muc}}"),
    "override": (
        "Changes components by name, by type, or all of them: properties and traits; adds components.",
        "- name: large\n  type: override\n  properties:\n    components:\n"
        "      - {type: webservice, traits: [{type: scaler, properties: {replicas: 12}}]}\n"
        "      - {name: mail, properties: {env: {LEVEL: info}}}"),
    "replication": (
        "Makes copies NAME-KEY of components, one for each of its keys.",
        "- name: tenants\n  type: replication\n  properties: {keys: [alpha, beta], selector: [api]}"),
    "garbage-collect": (
        "Says what happens to a component that nothing wants any more. It is removed (onAppUpdate), kept until `destroy` (onAppDelete), "
        "kept for ever (never), or forgotten and left as it is (orphan).",
        "- name: keep data\n  type: garbage-collect\n  properties:\n    rules:\n"
        "      - {selector: {componentTypes: [postgres, bucket]}, strategy: never}\n"
        "      - {selector: {componentNames: [cache]}, propagation: orphan}"),
    "apply-once": (
        "Leaves attributes, files or whole components alone once they are delivered.",
        "- name: scaled by hand\n  type: apply-once\n  properties:\n    enable: true\n    rules:\n"
        "      - {selector: {componentNames: [api]}, strategy: {path: [desired_capacity], affect: onStateKeep}}"),
    "read-only": (
        "Looks at a component and never changes it.",
        "- name: theirs\n  type: read-only\n  properties: {rules: [{selector: {componentNames: [ledger]}}]}"),
    "shared-resource": (
        "Shares a component among the applications of one store and environment. The first one delivers it, the last one out removes it.",
        "- name: one broker\n  type: shared-resource\n  properties: {rules: [{selector: {componentTypes: [broker]}}]}"),
    "take-over": (
        "Makes what is there already the component's, instead of making it anew.",
        "- name: old bucket\n  type: take-over\n"
        "  properties: {rules: [{selector: {componentNames: [files]}, ids: {aws_s3_bucket.this: old-files}}]}"),
    "resource-update": (
        "Makes a resource anew when certain attributes of it change.",
        "- name: new machines\n  type: resource-update\n"
        "  properties: {rules: [{selector: {componentTypes: [vm]}, strategy: {recreateFields: [user_data]}}]}"),
    "health": (
        "Sets the times of probes that do not say them themselves.",
        "- name: patient\n  type: health\n  properties: {probeTimeout: 5, probeInterval: 10}"),
    "rules": (
        "Denies, or warns of, what a condition in CEL finds in the application or its plan.",
        "- name: versions\n  type: rules\n  properties:\n    rules:\n"
        "      - {name: versioned, deny: \"unit.type == 'bucket' && unit.inputs.versioned == false\", message: keeps no older versions}"),
    "protect": (
        "Never lets a component be destroyed or replaced. That ends with exit code 5, also with --allow-destroy, but for users that it allows.",
        "- name: no accidents\n  type: protect\n  properties: {rules: [{selector: {componentNames: [ledger]}}], allow: [dba]}"),
}
"""Type to what it does, and an item of `policies`."""
