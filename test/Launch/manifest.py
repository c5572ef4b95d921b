"""Reads a manifest as Kubernetes does, refuses fields that it does not have, and checks the script in it: manifest.py FILE"""

import subprocess
import sys

import yaml

# Fields of the API that manifests may use, by the path to them; an item of a list has the path of the list.
KNOWN = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "metadata": {"name"},
    "Service.spec": {"clusterIP", "publishNotReadyAddresses", "selector"},
    "Job.spec": {"completionMode", "completions", "parallelism", "backoffLimit", "podReplacementPolicy", "successPolicy",
                 "podFailurePolicy", "template"},
    "Job.spec.successPolicy": {"rules"},
    "Job.spec.successPolicy.rules": {"succeededIndexes"},
    "Job.spec.podFailurePolicy": {"rules"},
    "Job.spec.podFailurePolicy.rules": {"action", "onExitCodes", "onPodConditions"},
    "Job.spec.podFailurePolicy.rules.onExitCodes": {"containerName", "operator", "values"},
    "Job.spec.podFailurePolicy.rules.onPodConditions": {"type", "status"},
    "Job.spec.template": {"spec"},
    "Job.spec.template.spec": {"restartPolicy", "subdomain", "terminationGracePeriodSeconds", "affinity", "containers", "volumes"},
    "Job.spec.template.spec.containers": {"name", "image", "command", "args", "resources", "volumeMounts"},
    "Job.spec.template.spec.containers.resources": {"requests"},
    "Job.spec.template.spec.containers.resources.requests": {"cpu", "memory"},
    "Job.spec.template.spec.containers.volumeMounts": {"name", "mountPath", "readOnly"},
    "Job.spec.template.spec.volumes": {"name", "persistentVolumeClaim", "secret", "emptyDir"},
    "Job.spec.template.spec.volumes.persistentVolumeClaim": {"claimName"},
    "Job.spec.template.spec.volumes.secret": {"secretName", "defaultMode"},
    "Job.spec.template.spec.volumes.emptyDir": {"medium"},
}


def check(value, path):
    if isinstance(value, list):
        for item in value:
            check(item, path)
    elif isinstance(value, dict) and path in KNOWN:
        for key, inner in value.items():
            assert key in KNOWN[path], f"{path} has no field {key}"
            check(inner, f"{path}.{key}")


service, job = yaml.safe_load_all(open(sys.argv[1]))
for item in (service, job):
    check(item["spec"], f"{item['kind']}.spec")
    check(item["metadata"], "metadata")
    check({key: None for key in item}, "")
name = job["metadata"]["name"]
assert service["apiVersion"] == "v1" and job["apiVersion"] == "batch/v1"
assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": name}
spec, pod = job["spec"], job["spec"]["template"]["spec"]
assert pod["subdomain"] == service["metadata"]["name"] and pod["restartPolicy"] == "Never"
container = pod["containers"][0]
assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
print(f"{service['kind']} {name}, {'headless' if service['spec']['clusterIP'] == 'None' else 'WITH AN ADDRESS'}")
codes = {rule["action"]: rule["onExitCodes"]["values"] for rule in spec["podFailurePolicy"]["rules"] if "onExitCodes" in rule}
print(f"{job['kind']} of {spec['completions']} pods, ended by pod {spec['successPolicy']['rules'][0]['succeededIndexes']}; "
      f"permanent {codes['FailJob']}, ignored {codes['Ignore']}")
print(container["image"], container["args"])
script = container["command"][2]
print("sh -n:", subprocess.run(["sh", "-n"], input=script, text=True).returncode)
