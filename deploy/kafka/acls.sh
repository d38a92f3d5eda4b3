#!/bin/sh
# What each service may do in Kafka. Safe to repeat; adds, never removes.
#   deploy/kafka/acls.sh --bootstrap-server broker-1:9092 --command-config admin.properties
# KAFKA_ACLS names Kafka's own tool where it is not on the path.
set -eu

acls=${KAFKA_ACLS:-kafka-acls.sh}
received=referrals.received
operations=frontdoor.operations
settings='primary-care peer-support secondary-care front-door'

grant() { # grant USER OPTION...
    user=$1
    shift
    add --allow-principal "User:frontdoor-$user" "$@"
}

add() { "$acls" $connection --add "$@" >/dev/null; }

topics() { # topics PREFIX SUFFIX: one option for each care setting
    for setting in $settings; do printf -- '--topic %s%s%s ' "$1" "$setting" "$2"; done
}

connection=$*

# Every service checks at its start that each topic is there, with the right number of partitions.
add --allow-principal User:frontdoor-intake --allow-principal User:frontdoor-triage \
    --allow-principal User:frontdoor-audit --allow-principal User:frontdoor-deploy --allow-principal User:frontdoor-operator \
    --operation Describe --resource-pattern-type prefixed --topic referrals. --topic frontdoor.

# intake publishes what it took and who read a record; it reads what became of a referral.
grant intake --operation Write --topic "$received" --topic "$operations" $(topics referrals.routed. .dlq.intake-status)
grant intake --operation Read $(topics referrals.routed. '') --group intake-status

# triage turns what was received into what is routed, and parks what can never work. At its start it looks at the newest of
# what it published: a database that knows nothing of it came back from a copy.
grant triage --operation Read --topic "$received" --group triage
grant triage --operation Read $(topics referrals.routed. '')
grant triage --operation Write $(topics referrals.routed. '') --topic "$received.dlq.triage" --topic "$operations"

# audit reads everything, publishes the heads of its chains, and measures how far every group has come, and how long
# Kafka keeps what waits.
grant audit --operation Read --resource-pattern-type prefixed --topic referrals.
grant audit --operation Read --topic "$operations" --group audit
grant audit --operation Write --topic "$operations"
grant audit --operation Describe --group triage --group intake-status
grant audit --operation DescribeConfigs --resource-pattern-type prefixed --topic referrals. --topic frontdoor.

# operator is whoever runs `frontdoor lag`. Kafka tells a record's time only together with it: without Read, how old what
# waits is stays unknown there (audit's metrics say it), and the rest is shown.
grant operator --operation Describe --group triage --group intake-status --group audit
grant operator --operation Read --resource-pattern-type prefixed --topic referrals. --topic frontdoor.
grant operator --operation DescribeConfigs --resource-pattern-type prefixed --topic referrals. --topic frontdoor.

# deploy makes topics (`frontdoor topics`) and touches no record.
grant deploy --operation Create --resource-pattern-type prefixed --topic referrals. --topic frontdoor.

# operator works dead letters too (`frontdoor dead-letters`): sends records on and says so.
grant operator --operation Write --topic "$received" --topic "$operations" $(topics referrals.routed. '')
grant operator --operation Describe --group triage --group intake-status

# and puts back what a restored PostgreSQL lacks (`frontdoor refill`), after which intake reads all decisions again: the place of
# that group is set back, of no other.
grant operator --operation Read --group intake-status
