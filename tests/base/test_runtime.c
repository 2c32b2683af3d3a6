#include "base/runtime.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static test_memory_t world;
static aigc_context_t *context;

static int setup(void **state)
{
    (void)state;
    test_memory_init(&world);
    context = NULL;
    return aigc__context_create(&context, &world.allocator, 2, 0, AIGC__CPU_C, NULL) != AIGC_OK;
}

static int teardown(void **state)
{
    (void)state;
    aigc__context_release(context);
    return world.blocks || world.bytes || world.mistakes;
}

static void a_context_counts_its_own_memory(void **state)
{
    (void)state;
    assert_int_equal(context->memory.live, world.bytes);
    assert_true(context->memory.peak >= context->memory.live);
    assert_int_equal(aigc__pool_threads(context->pool), 2);
}

static void it_lives_until_the_last_reference(void **state)
{
    (void)state;
    aigc__context_retain(context);
    aigc__context_release(context);
    assert_true(world.blocks > 0);
    check_ok(aigc__check_context(context, "context"));
    aigc__context_release(NULL);
}

static void creation_survives_each_failing_allocation(void **state)
{
    (void)state;
    test_memory_t other;
    test_memory_init(&other);
    for (size_t i = 1;; i++) {
        aigc_context_t *made = NULL;
        test_memory_fail(&other, i, false);
        const aigc_status_t status = aigc__context_create(&made, &other.allocator, 3, 0, AIGC__CPU_C, NULL);
        if (status == AIGC_OK) {
            assert_int_equal(i, 3);
            aigc__context_release(made);
            break;
        }
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        assert_null(made);
        assert_int_equal(other.blocks, 0);
    }
    aigc_context_t *made = NULL;
    assert_int_equal(aigc__context_create(&made, &other.allocator, 3, 100, AIGC__CPU_C, NULL), AIGC_ERROR_LIMIT);
    assert_int_equal(other.blocks + other.mistakes, 0);
    check_ok(aigc__context_create(&made, NULL, 0, 0, AIGC__CPU_C, NULL));
    assert_int_equal(aigc__pool_threads(made->pool), aigc__cpu_cores());
    aigc__context_release(made);
}

static void wrong_handles_are_told_apart(void **state)
{
    (void)state;
    const uint32_t tensor = AIGC__TENSOR, dead = AIGC__DEAD;
    check_failure(aigc__check_context(NULL, "context"), AIGC_ERROR_ARGUMENT, "'context' is NULL");
    check_failure(aigc__check_handle(&tensor, AIGC__MODEL, "model"), AIGC_ERROR_HANDLE, "'model' is a handle of another kind");
    check_failure(aigc__check_handle(&dead, AIGC__MODEL, "model"), AIGC_ERROR_HANDLE, "was freed");
    check_ok(aigc__check_handle(&tensor, AIGC__TENSOR, "tensor"));
    context->busy = 1;
    check_failure(aigc__check_context(context, "context"), AIGC_ERROR_STATE, "callback");
    context->busy = 0;
}

static void a_forked_child_is_told(void **state)
{
    (void)state;
    const pid_t child = fork();
    if (child == 0) _exit(aigc__check_context(context, "context") == AIGC_ERROR_FORKED ? 0 : 1);
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

static void a_cancel_is_seen_once(void **state)
{
    (void)state;
    check_ok(aigc__check_cancel(context));
    atomic_store(&context->cancelled, 1);
    check_failure(aigc__check_cancel(context), AIGC_ERROR_CANCELLED, "cancelled");
    check_ok(aigc__check_cancel(context));
}

typedef struct lines {
    int count, inside, overlaps;
    char last[600];
} lines_t;

static void take_line(int32_t level, const char *line, void *user)
{
    lines_t *lines = user;
    lines->overlaps += lines->inside++ != 0;
    lines->count += level == AIGC_LOG_INFO;
    strcpy(lines->last, line);
    lines->inside--;
}

static void log_from_a_worker(void *user, size_t tile, size_t worker)
{
    (void)worker;
    aigc__log(user, AIGC_LOG_INFO, "tile %zu", tile);
}

static void the_log_gets_whole_lines_one_at_a_time(void **state)
{
    (void)state;
    lines_t lines = {0};
    char text[1000];
    aigc__log(context, AIGC_LOG_INFO, "to nobody");
    context->log = take_line;
    context->log_user = &lines;
    aigc__pool_run(context->pool, log_from_a_worker, context, 500);
    assert_int_equal(lines.count, 500);
    assert_int_equal(lines.overlaps, 0);
    memset(text, 'x', sizeof text);
    text[3] = '\n';
    text[999] = '\0';
    aigc__fail(AIGC_ERROR_IO, "kept");
    aigc__log(context, AIGC_LOG_INFO, "%s", text);
    assert_int_equal(strlen(lines.last), 511);
    assert_memory_equal(lines.last, "xxx?x", 5);
    assert_string_equal(aigc__failure_text(), "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_context_counts_its_own_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(it_lives_until_the_last_reference, setup, teardown),
        cmocka_unit_test_setup_teardown(creation_survives_each_failing_allocation, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_handles_are_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forked_child_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cancel_is_seen_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_log_gets_whole_lines_one_at_a_time, setup, teardown),
    };
    return cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
}
