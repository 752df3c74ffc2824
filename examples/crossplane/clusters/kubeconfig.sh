#!/bin/sh
# Prints a kubeconfig with the token of the ServiceAccount in ../rbac/kubeconfig-identity.yaml, for
# the cluster of a context of your own kubeconfig. It names no file and no command, so a Secret may hold it.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: $0 CONTEXT >eu.yaml" >&2
  exit 2
fi

secret() {
  kubectl --context "$context" --namespace everest-system get secret provider-everest \
    --output "jsonpath={.data.$1}"
}

context=$1
server=$(kubectl --context "$context" config view --minify --raw \
  --output 'jsonpath={.clusters[0].cluster.server}')
# The control plane fills the Secret shortly after it is created.
tries=30
until [ -n "$(secret token)" ]; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "the Secret everest-system/provider-everest has no token: apply rbac/kubeconfig-identity.yaml" >&2
    exit 1
  fi
  sleep 1
done
ca=$(secret 'ca\.crt')
token=$(secret token | base64 -d)

cat <<END
apiVersion: v1
kind: Config
current-context: everest
clusters:
- name: everest
  cluster:
    server: $server
    certificate-authority-data: $ca
users:
- name: provider-everest
  user:
    token: $token
contexts:
- name: everest
  context:
    cluster: everest
    user: provider-everest
END
