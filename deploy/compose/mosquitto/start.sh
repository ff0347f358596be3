#!/bin/sh
# The broker wants its passwords hashed, in one file that nobody else may read: made anew at every start.
set -eu
umask 077
printf 'offbeat:%s\nsensors:%s\n' "$(cat /run/secrets/mqtt-password)" "$(cat /run/secrets/sensors-password)" >/tmp/passwords
mosquitto_passwd -U /tmp/passwords
exec mosquitto -c /mosquitto/config/mosquitto.conf
