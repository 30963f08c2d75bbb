#!/bin/sh
# What a pipeline does after a checkout, with the keys of the cluster in its environment.
set -eu
kubectl --namespace default apply --filename "$(dirname "$0")/by-push.yaml"
