# A signal stops a training at once with exit code 4, and a killed one has saved what it could; resumed, it ends as if it
# had never stopped.
. "$(dirname "$0")/common.sh"

milliseconds() { case $(date +%N) in *N*) echo "$(date +%s)000" ;; *) date +%s%3N ;; esac; }

# A training without end, in the background, at an epoch of its own.
start() {
    "$aigc" train "$kind" home-designs -o stopped.safetensors --epochs 1000000 $flags "$@" >out 2>err &
    job=$!
    tries=0
    until grep -q '^epoch [0-9]*/' err 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "no epoch within a minute"
        sleep 0.1
    done
}

for each in $kinds; do
    begin_kind "$each"
    flags="$own --batch-size 32 --height 16 --width 16 -n 500 --seed 1 --samples 0"
    start
    before=$(milliseconds)
    kill -TERM $job
    wait $job
    code=$?
    took=$(($(milliseconds) - before))
    [ $code -eq 4 ] || fail "it ended with $code, not 4"
    printf '%s stopped after %s ms\n' "$kind" "$took"
    [ $took -lt 5000 ] || fail "it took $took ms to stop"
    says 'to go on where this stopped: aigc train .* --resume'
    is_file stopped.safetensors
    is_file stopped.state.safetensors

    start --resume --save-seconds 0 --threads 2
    kill -KILL $job
    wait $job 2>kill-message
    done=$(wc -l <stopped.metrics.jsonl)
    expect 0 train $kind home-designs -o straight.safetensors --epochs $((done + 2)) $flags
    expect 0 train $kind home-designs -o stopped.safetensors --epochs $((done + 2)) $flags --resume --threads 1
    [ "$(wc -l <stopped.metrics.jsonl)" -eq $((done + 2)) ] || fail "the metrics have not one line an epoch"
    cmp straight.safetensors stopped.safetensors || fail "the resumed training differs from the straight one"
done
