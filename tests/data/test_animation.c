#include "data/transform.h"
#include "data_world.h"
#include "support/unit.h"
#include <stdlib.h>
#include <string.h>

static data_world_t world;

static int setup(void **state)
{
    (void)state;
    return data_world_open(&world);
}

static int teardown(void **state)
{
    (void)state;
    return data_world_close(&world);
}

/* Bytes that go up through all pictures. */
static aigc_tensor_t *film(int64_t n, int64_t height, int64_t width, int64_t channels)
{
    aigc_tensor_t *images = NULL;
    check_ok(
        aigc__tensor_create(&images, world.context, AIGC_DTYPE_U8, 4, (const int64_t[]){n, height, width, channels}));
    for (size_t i = 0; i < images->count; i++) ((uint8_t *)images->data)[i] = (uint8_t)(i * 11);
    return images;
}

/* A file's bytes; the caller frees. */
static uint8_t *bytes_of(const char *name, size_t *size)
{
    aigc__source_t source;
    void *bytes = NULL;
    check_ok(aigc__source_open(&source, world.context->files, data_path(&world, name)));
    check_ok(aigc__source_read_all(&source, &world.context->memory, 1 << 20, &bytes, size));
    aigc__source_close(&source);
    return bytes;
}

static void check_same_file(const char *a, const char *b)
{
    size_t size_a = 0, size_b = 0;
    uint8_t *of_a = bytes_of(a, &size_a), *of_b = bytes_of(b, &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(of_a, of_b, size_a);
    aigc__memory_free(&world.context->memory, of_a);
    aigc__memory_free(&world.context->memory, of_b);
}

static void floats_are_written_as_the_bytes_they_mean(void **state)
{
    aigc_tensor_t *bytes = film(3, 4, 5, 3), *floats = NULL;
    (void)state;
    check_ok(aigc__tensor_convert(&floats, bytes, AIGC_DTYPE_F32));
    check_ok(aigc__animation_write(bytes, data_path(&world, "bytes.png"), 24, 0, 6));
    check_ok(aigc__animation_write(floats, data_path(&world, "floats.APNG"), 24, 0, 6));
    check_same_file("bytes.png", "floats.APNG");
    aigc__tensor_release(bytes);
    aigc__tensor_release(floats);
}

static void the_first_picture_can_be_read(void **state)
{
    (void)state;
    for (int64_t channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1) {
        aigc_tensor_t *images = film(2, 3, 4, channels), *back = NULL;
        check_ok(aigc__animation_write(images, data_path(&world, "a.png"), 24, 0, 6));
        check_ok(aigc__image_read(&back, world.context, data_path(&world, "a.png"), &(aigc__pixel_request_t){0}));
        assert_int_equal(back->shape[3], channels);
        assert_memory_equal(back->data, images->data, back->bytes);
        aigc__tensor_release(images);
        aigc__tensor_release(back);
    }
}

/* Bytes 20 to 23 of the first fcTL, which stands behind the signature, IHDR of 25 bytes and acTL of 20. */
static void check_delay(double frames_per_second, uint32_t numerator, uint32_t denominator)
{
    aigc_tensor_t *images = film(2, 1, 1, 1);
    size_t size = 0;
    check_ok(aigc__animation_write(images, data_path(&world, "a.png"), frames_per_second, 7, 6));
    uint8_t *bytes = bytes_of("a.png", &size);
    const uint8_t *loops = bytes + 8 + 25 + 8 + 4, *delay = bytes + 8 + 25 + 20 + 8 + 20;
    assert_int_equal(loops[3], 7);
    assert_int_equal(delay[0] << 8 | delay[1], numerator);
    assert_int_equal(delay[2] << 8 | delay[3], denominator);
    aigc__memory_free(&world.context->memory, bytes);
    aigc__tensor_release(images);
}

static void rates_become_short_fractions(void **state)
{
    (void)state;
    check_delay(24, 1, 24);
    check_delay(1, 1, 1);
    check_delay(1000, 1, 1000);
    check_delay(0.5, 2, 1);
    check_delay(0.01, 100, 1);
    check_delay(12.5, 2, 25);
    check_delay(29.97, 100, 2997);
    check_delay(23.976, 125, 2997);
}

static void senseless_films_are_refused(void **state)
{
    aigc_tensor_t *images = film(2, 2, 2, 3), *none = NULL, *flat = NULL, *pair = NULL;
    const char *path = data_path(&world, "a.png");
    (void)state;
    check_ok(aigc__tensor_create(&none, world.context, AIGC_DTYPE_U8, 4, (const int64_t[]){0, 2, 2, 3}));
    check_ok(aigc__tensor_create(&flat, world.context, AIGC_DTYPE_U8, 3, (const int64_t[]){2, 2, 3}));
    check_ok(aigc__tensor_create(&pair, world.context, AIGC_DTYPE_U8, 4, (const int64_t[]){2, 2, 2, 2}));
    check_failure(aigc__animation_write(none, path, 24, 0, 6), AIGC_ERROR_ARGUMENT, "no pixels");
    check_failure(aigc__animation_write(flat, path, 24, 0, 6), AIGC_ERROR_ARGUMENT, "[2,2,3]");
    check_failure(aigc__animation_write(pair, path, 24, 0, 6), AIGC_ERROR_ARGUMENT, "[2,2,2,2]");
    check_failure(aigc__animation_write(images, data_path(&world, "a.gif"), 24, 0, 6), AIGC_ERROR_ARGUMENT,
                  ".png or .apng");
    check_failure(aigc__animation_write(images, data_path(&world, "no/a.png"), 24, 0, 6), AIGC_ERROR_IO, "no/a.png");
    aigc__tensor_release(images);
    aigc__tensor_release(none);
    aigc__tensor_release(flat);
    aigc__tensor_release(pair);
}

static void a_cancelled_film_leaves_the_old_file(void **state)
{
    aigc_tensor_t *images = film(2, 4, 4, 3), *others = film(3, 4, 4, 3);
    (void)state;
    check_ok(aigc__animation_write(images, data_path(&world, "a.png"), 24, 0, 6));
    check_ok(aigc__animation_write(images, data_path(&world, "b.png"), 24, 0, 6));
    world.context->cancelled = 1;
    assert_int_equal(aigc__animation_write(others, data_path(&world, "a.png"), 24, 0, 6), AIGC_ERROR_CANCELLED);
    check_same_file("a.png", "b.png");
    check_ok(aigc__animation_write(others, data_path(&world, "a.png"), 24, 0, 6));
    aigc__tensor_release(images);
    aigc__tensor_release(others);
}

static aigc_status_t write_film(data_world_t *w)
{
    aigc_tensor_t *images = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__tensor_create(&images, w->context, AIGC_DTYPE_F32, 4, (const int64_t[]){2, 4, 4, 3}));
    status = aigc__animation_write(images, data_path(w, "s.png"), 24, 0, 6);
done:
    aigc__tensor_release(images);
    return status;
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    assert_true(data_sweep(&world, write_film) > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(floats_are_written_as_the_bytes_they_mean, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_picture_can_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(rates_become_short_fractions, setup, teardown),
        cmocka_unit_test_setup_teardown(senseless_films_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cancelled_film_leaves_the_old_file, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations_leave_nothing_behind, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
