#include "codegen/launch/Launch.h"
#include "codegen/launch/Text.h"
#include "runtime/abi/abi.h"

namespace sigma::launch {

// Pod 0 runs the supervisor, which starts ranks on all pods by ssh; the others wait for that.
// Kubernetes puts a new pod in the place of one whose node is gone. Exit statuses:
// docs/exit-status.md.
static constexpr char kManifest[] =
    R"yaml(# @ranks@ ranks, @ranksPerNode@ in a pod@spares@. Before it is applied:
#
#     ssh-keygen -q -t ed25519 -N '' -f id
#     kubectl create secret generic @name@-ssh --from-file=id --from-file=id.pub
#
# and a PersistentVolumeClaim @name@ that many nodes may write (ReadWriteMany), which becomes /work. The image holds
# the program, Open MPI, an ssh client and sshd. Kubernetes 1.33 or newer.
apiVersion: v1
kind: Service
metadata:
  name: @name@
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    batch.kubernetes.io/job-name: @name@
---
apiVersion: batch/v1
kind: Job
metadata:
  name: @name@
spec:
  completionMode: Indexed
  completions: @nodes@
  parallelism: @nodes@
  backoffLimit: 1000
  podReplacementPolicy: Failed
  successPolicy:
    rules:
    - succeededIndexes: "0"
  podFailurePolicy:
    rules:
    - action: FailJob
      onExitCodes:
        containerName: train
        operator: In
        values: [1, 2, 3, 4]
    - action: Ignore
      onExitCodes:
        containerName: train
        operator: In
        values: [@retry@]
    - action: Ignore
      onPodConditions:
      - type: DisruptionTarget
        status: "True"
  template:
    spec:
      restartPolicy: Never
      subdomain: @name@
      terminationGracePeriodSeconds: @grace@
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                batch.kubernetes.io/job-name: @name@
      containers:
      - name: train
        image: @image@
        command:
        - /bin/sh
        - -c
        - |
@script@        - train
        args: @arguments@
        resources:
          requests:
            cpu: @ranksPerNode@
@memory@        volumeMounts:
        - name: work
          mountPath: /work
        - name: ssh
          mountPath: /etc/sigma-ssh
          readOnly: true
        - name: shared-memory
          mountPath: /dev/shm
      volumes:
      - name: work
        persistentVolumeClaim:
          claimName: @name@
      - name: ssh
        secret:
          secretName: @name@-ssh
          defaultMode: 0400
      - name: shared-memory
        emptyDir:
          medium: Memory
)yaml";

static constexpr char kScript[] = R"sh(set -u
keys=/etc/sigma-ssh
if [ "$JOB_COMPLETION_INDEX" -ne 0 ]; then
  mkdir -p /run/sshd
  exec /usr/sbin/sshd -D -e -p 2222 -h "$keys/id" -o StrictModes=no -o "AuthorizedKeysFile=$keys/id.pub"
fi
ssh="ssh -p 2222 -i $keys/id -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
hosts=$(mktemp) || exit 1
echo "$(hostname) slots=@ranksPerNode@" >"$hosts"
index=1
while [ "$index" -lt @nodes@ ]; do
  host=@name@-$index.@name@
  until $ssh "$host" true; do sleep 1; done
  echo "$host slots=@ranksPerNode@" >>"$hosts"
  index=$((index + 1))
done
exec @train@ --supervise --resume --hosts="$hosts" \
  --mpirun-arg=--mca --mpirun-arg=orte_keep_fqdn_hostnames --mpirun-arg=1 \
  --mpirun-arg=--mca --mpirun-arg=plm_rsh_agent --mpirun-arg="$ssh"@defaults@ "$@"
)sh";

static std::string indented(const std::string &text, int columns) {
  std::string out, line;
  for (char c : text) {
    line += c;
    if (c != '\n')
      continue;
    out += std::string(columns, ' ') + line;
    line.clear();
  }
  return out;
}

static std::string yamlList(const std::vector<std::string> &texts) {
  std::string out;
  for (const std::string &text : texts)
    out += (out.empty() ? "" : ", ") + yamlString(text);
  return "[" + out + "]";
}

std::string kubernetesManifest(const Launch &launch) {
  constexpr int64_t kMiB = 1 << 20;
  constexpr int64_t kProcessMiB = 256; // of a rank, beside what the plan places: libraries, MPI
  const Values figures = {
      {"name", launch.jobName()},
      {"ranks", std::to_string(launch.ranks)},
      {"nodes", std::to_string(launch.numNodes())},
      {"ranksPerNode", std::to_string(launch.ranksPerNode)},
      {"spares", launch.spareNodes > 0
                     ? ", and " + std::to_string(launch.spareNodes) + " pods to spare"
                     : ""},
      {"grace", std::to_string(launch.graceS())},
      {"defaults", launch.defaults()},
      {"retry", std::to_string(SIGMA_EXIT_RETRY)},
      {"image", yamlString(launch.image)},
      {"arguments", yamlList(launch.arguments)},
      {"memory", launch.nodeBytes > 0 ? "            memory: " +
                                            std::to_string(launch.nodeBytes / kMiB + 1 +
                                                           kProcessMiB * launch.ranksPerNode) +
                                            "Mi\n"
                                      : ""},
      {"train", shellWord(launch.train)}};
  Values all = figures;
  all.emplace_back("script", indented(fill(kScript, figures), 10));
  return fill(kManifest, all);
}

} // namespace sigma::launch
