/* Coverage is found by the signed areas that a polygon's edges cut off their rows: each edge adds, per
 * row it crosses, differences that sum along the row to the exact covered area of every pixel. */
#include "data/drawing.h"
#include "base/sizes.h"
#include <math.h>

enum { QUARTER = 8 }; /* line pieces of a quarter circle */

aigc_status_t aigc__canvas_init(aigc__canvas_t *canvas, aigc__memory_t *memory, size_t size)
{
    size_t pixels_bytes, coverage_bytes;
    aigc_status_t status;
    *canvas = (aigc__canvas_t){.memory = memory, .size = size};
    AIGC__TRY(aigc__bytes_of(size * size * 3, sizeof(float), &pixels_bytes));
    AIGC__TRY(aigc__bytes_of(size * (size + 1), sizeof(float), &coverage_bytes));
    AIGC__GOTO(fail, aigc__memory_alloc_zeroed(memory, pixels_bytes, (void **)&canvas->pixels));
    AIGC__GOTO(fail, aigc__memory_alloc_zeroed(memory, coverage_bytes, (void **)&canvas->coverage));
    return AIGC_OK;
fail:
    aigc__canvas_free(canvas);
    return status;
}

void aigc__canvas_free(aigc__canvas_t *canvas)
{
    if (!canvas->memory) return;
    aigc__memory_free(canvas->memory, canvas->pixels);
    aigc__memory_free(canvas->memory, canvas->coverage);
    *canvas = (aigc__canvas_t){0};
}

void aigc__canvas_clear(aigc__canvas_t *canvas, aigc__color_t color)
{
    const size_t n = canvas->size * canvas->size;
    for (size_t i = 0; i < n; i++) {
        canvas->pixels[3 * i] = color.r;
        canvas->pixels[3 * i + 1] = color.g;
        canvas->pixels[3 * i + 2] = color.b;
    }
}

void aigc__canvas_write(const aigc__canvas_t *canvas, uint8_t *rgb)
{
    const size_t n = canvas->size * canvas->size * 3;
    for (size_t i = 0; i < n; i++) {
        const float v = canvas->pixels[i] * 255.0f + 0.5f;
        rgb[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

void aigc__canvas_light(aigc__canvas_t *canvas, aigc__color_t ambient, aigc__color_t lamp, const aigc__point_t *lamps,
                        const double *radius, size_t n)
{
    const double unit = 1.0 / (double)canvas->size;
    float *pixel = canvas->pixels;
    for (size_t row = 0; row < canvas->size; row++)
        for (size_t column = 0; column < canvas->size; column++, pixel += 3) {
            float light = 0;
            for (size_t i = 0; i < n; i++) {
                const double dx = (((double)column + 0.5) * unit - lamps[i].x) / radius[i];
                const double dy = (((double)row + 0.5) * unit - lamps[i].y) / radius[i];
                const double left = 1 - (dx * dx + dy * dy);
                if (left > 0) light += (float)(left * left);
            }
            light = light / (0.6f + light); /* several lamps together do not blind */
            pixel[0] *= ambient.r + lamp.r * light;
            pixel[1] *= ambient.g + lamp.g * light;
            pixel[2] *= ambient.b + lamp.b * light;
        }
}

aigc__color_t aigc__color(uint32_t rgb)
{
    return (aigc__color_t){(float)(rgb >> 16 & 255) / 255.0f, (float)(rgb >> 8 & 255) / 255.0f,
                           (float)(rgb & 255) / 255.0f, 1};
}

static float clamp_unit(double v) { return v < 0 ? 0.0f : v > 1 ? 1.0f : (float)v; }

aigc__color_t aigc__color_scale(aigc__color_t c, double factor)
{
    return (aigc__color_t){clamp_unit(c.r * factor), clamp_unit(c.g * factor), clamp_unit(c.b * factor), c.a};
}

aigc__color_t aigc__color_mix(aigc__color_t a, aigc__color_t b, double t)
{
    const float f = (float)t;
    return (aigc__color_t){a.r + (b.r - a.r) * f, a.g + (b.g - a.g) * f, a.b + (b.b - a.b) * f, a.a + (b.a - a.a) * f};
}

aigc__color_t aigc__color_alpha(aigc__color_t color, double alpha)
{
    color.a = (float)alpha;
    return color;
}

aigc__paint_t aigc__paint(aigc__color_t color) { return (aigc__paint_t){.kind = AIGC__PAINT_SOLID, .from = color}; }

aigc__paint_t aigc__paint_linear(aigc__color_t from, aigc__color_t to, aigc__point_t start, aigc__point_t end)
{
    return (aigc__paint_t){.kind = AIGC__PAINT_LINEAR, .from = from, .to = to, .start = start, .end = end};
}

aigc__paint_t aigc__paint_radial(aigc__color_t middle, aigc__color_t rim, aigc__point_t centre, double rx, double ry)
{
    return (aigc__paint_t){.kind = AIGC__PAINT_RADIAL, .from = middle, .to = rim, .start = centre, .end = {rx, ry}};
}

/* ---- coverage ---- */

/* One row's part of an edge: x to x_next, both 0..size and not both size, while y moves by `dy`
 * (signed). Pixel i is covered by the mean of clamp(i + 1 - x, 0, 1) over the edge, times dy; what is
 * stored are the differences of that from pixel to pixel. */
static void cover_row(float *row, double x, double x_next, double dy)
{
    const double left = x < x_next ? x : x_next, right = x < x_next ? x_next : x;
    const size_t first = (size_t)left;
    const double start = left - (double)first, end = right - (double)first;
    if (end <= 1) {
        const double area = dy * (1 - 0.5 * (start + end));
        row[first] += (float)area;
        row[first + 1] += (float)(dy - area);
        return;
    }
    const double slope = dy / (right - left);
    double before = 0.5 * (1 - start) * (1 - start) * slope;
    row[first] += (float)before;
    size_t i = first + 1;
    for (; (double)i + 1 < right; i++) {
        const double area = slope * ((double)i + 0.5 - left);
        row[i] += (float)(area - before);
        before = area;
    }
    const double rest = right - (double)i;
    const double area = dy - 0.5 * rest * rest * slope;
    row[i] += (float)(area - before);
    row[i + 1] += (float)(dy - area);
}

/* An edge whose x lies within 0..size, cut to the rows of the canvas. */
static void cover_edge(aigc__canvas_t *canvas, aigc__point_t a, aigc__point_t b)
{
    const double size = (double)canvas->size;
    const double sign = a.y < b.y ? 1 : -1;
    const aigc__point_t top = a.y < b.y ? a : b, bottom = a.y < b.y ? b : a;
    const double from = top.y > 0 ? top.y : 0, to = bottom.y < size ? bottom.y : size;
    if (from >= to || (top.x >= size && bottom.x >= size)) return;
    const double slope = (bottom.x - top.x) / (bottom.y - top.y);
    const double low = top.x < bottom.x ? top.x : bottom.x, high = top.x < bottom.x ? bottom.x : top.x;
    double y = from, x = top.x + slope * (from - top.y);
    for (size_t row = (size_t)from; y < to; row++) {
        const double y_next = (double)row + 1 < to ? (double)row + 1 : to;
        double x_next = top.x + slope * (y_next - top.y);
        x = x < low ? low : x > high ? high : x; /* rounding may not leave the canvas */
        x_next = x_next < low ? low : x_next > high ? high : x_next;
        if (x < size || x_next < size)
            cover_row(canvas->coverage + row * (canvas->size + 1), x, x_next, sign * (y_next - y));
        x = x_next;
        y = y_next;
    }
}

static aigc__point_t at_x(aigc__point_t a, aigc__point_t b, double x)
{
    return (aigc__point_t){x, a.y + (b.y - a.y) * ((x - a.x) / (b.x - a.x))};
}

/* Cuts an edge at x = 0 and x = size; what lies outside runs along the border, which keeps the sums right. */
static void add_edge(aigc__canvas_t *canvas, aigc__point_t a, aigc__point_t b)
{
    const double borders[2] = {0, (double)canvas->size};
    aigc__point_t pieces[4] = {a, b, b, b};
    size_t n = 1;
    for (size_t k = 0; k < 2; k++) {
        const double border = borders[a.x < b.x ? k : 1 - k];
        const aigc__point_t from = pieces[n - 1];
        if ((from.x < border) == (b.x < border) || from.x == border || b.x == border) continue;
        pieces[n++] = at_x(a, b, border);
        pieces[n] = b;
    }
    for (size_t k = 0; k < n; k++) {
        aigc__point_t from = pieces[k], to = pieces[k + 1];
        from.x = from.x < 0 ? 0 : from.x > borders[1] ? borders[1] : from.x;
        to.x = to.x < 0 ? 0 : to.x > borders[1] ? borders[1] : to.x;
        cover_edge(canvas, from, to);
    }
}

/* ---- paint ---- */

static aigc__color_t paint_at(const aigc__paint_t *paint, double x, double y)
{
    double t;
    if (paint->kind == AIGC__PAINT_LINEAR) {
        const double dx = paint->end.x - paint->start.x, dy = paint->end.y - paint->start.y;
        t = ((x - paint->start.x) * dx + (y - paint->start.y) * dy) / (dx * dx + dy * dy);
    } else {
        const double dx = (x - paint->start.x) / paint->end.x, dy = (y - paint->start.y) / paint->end.y;
        const double d = dx * dx + dy * dy;
        t = d < 1 ? d * (2 - d) : 1;
    }
    return aigc__color_mix(paint->from, paint->to, t < 0 ? 0 : t > 1 ? 1 : t);
}

static void blend(float *pixel, aigc__color_t color, float coverage)
{
    const float a = color.a * coverage;
    pixel[0] += (color.r - pixel[0]) * a;
    pixel[1] += (color.g - pixel[1]) * a;
    pixel[2] += (color.b - pixel[2]) * a;
}

/* Sums the differences of one row into coverage, paints, and leaves zeros. */
static void paint_row(aigc__canvas_t *canvas, size_t row, size_t first, size_t last, const aigc__paint_t *paint)
{
    float *coverage = canvas->coverage + row * (canvas->size + 1);
    float *pixels = canvas->pixels + row * canvas->size * 3;
    const double unit = 1.0 / (double)canvas->size, y = ((double)row + 0.5) * unit;
    float sum = 0;
    for (size_t i = first; i < last; i++) {
        sum += coverage[i];
        coverage[i] = 0;
        float covered = sum < 0 ? -sum : sum;
        if (covered < 0x1p-10f) continue;
        if (covered > 1 - 0x1p-10f) covered = 1;
        blend(pixels + i * 3,
              paint->kind == AIGC__PAINT_SOLID ? paint->from : paint_at(paint, ((double)i + 0.5) * unit, y), covered);
    }
    coverage[last] = 0;
}

static size_t clamp_index(double v, size_t most) { return v <= 0 ? 0 : v >= (double)most ? most : (size_t)v; }

void aigc__draw_polygon(aigc__canvas_t *canvas, const aigc__point_t *points, size_t n, aigc__paint_t paint)
{
    const double size = (double)canvas->size;
    double left = size, right = 0, top = size, bottom = 0;
    aigc__point_t before = {points[n - 1].x * size, points[n - 1].y * size};
    for (size_t i = 0; i < n; i++) {
        const aigc__point_t p = {points[i].x * size, points[i].y * size};
        add_edge(canvas, before, p);
        left = p.x < left ? p.x : left;
        right = p.x > right ? p.x : right;
        top = p.y < top ? p.y : top;
        bottom = p.y > bottom ? p.y : bottom;
        before = p;
    }
    const size_t first = clamp_index(left, canvas->size), last = clamp_index(right + 1, canvas->size);
    const size_t end = clamp_index(bottom + 1, canvas->size);
    for (size_t row = clamp_index(top, canvas->size); row < end; row++) paint_row(canvas, row, first, last, &paint);
}

/* ---- shapes ---- */

void aigc__draw_rectangle(aigc__canvas_t *canvas, double x0, double y0, double x1, double y1, aigc__paint_t paint)
{
    const aigc__point_t points[4] = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};
    aigc__draw_polygon(canvas, points, 4, paint);
}

/* Point `i` of a quarter of the unit circle, quarter 0 from (1,0) to (0,1): the rational
 * parametrisation, exact and free of trigonometry. */
static aigc__point_t circle_point(size_t quarter, size_t i)
{
    const double t = (double)i / QUARTER, d = 1 / (1 + t * t);
    const aigc__point_t p = {(1 - t * t) * d, 2 * t * d};
    switch (quarter & 3) {
    case 0:
        return p;
    case 1:
        return (aigc__point_t){-p.y, p.x};
    case 2:
        return (aigc__point_t){-p.x, -p.y};
    default:
        return (aigc__point_t){p.y, -p.x};
    }
}

void aigc__draw_rounded(aigc__canvas_t *canvas, double x0, double y0, double x1, double y1, double radius,
                        aigc__paint_t paint)
{
    aigc__point_t points[4 * (QUARTER + 1)];
    const double half = 0.5 * (x1 - x0 < y1 - y0 ? x1 - x0 : y1 - y0), r = radius < half ? radius : half;
    const double cx[4] = {x1 - r, x0 + r, x0 + r, x1 - r}, cy[4] = {y1 - r, y1 - r, y0 + r, y0 + r};
    for (size_t quarter = 0; quarter < 4; quarter++)
        for (size_t i = 0; i <= QUARTER; i++) {
            const aigc__point_t p = circle_point(quarter, i);
            points[quarter * (QUARTER + 1) + i] = (aigc__point_t){cx[quarter] + r * p.x, cy[quarter] + r * p.y};
        }
    aigc__draw_polygon(canvas, points, 4 * (QUARTER + 1), paint);
}

void aigc__draw_ellipse(aigc__canvas_t *canvas, double cx, double cy, double rx, double ry, aigc__paint_t paint)
{
    aigc__point_t points[4 * QUARTER];
    for (size_t i = 0; i < 4 * QUARTER; i++) {
        const aigc__point_t p = circle_point(i / QUARTER, i % QUARTER);
        points[i] = (aigc__point_t){cx + rx * p.x, cy + ry * p.y};
    }
    aigc__draw_polygon(canvas, points, 4 * QUARTER, paint);
}

void aigc__draw_line(aigc__canvas_t *canvas, aigc__point_t a, aigc__point_t b, double width, aigc__paint_t paint)
{
    const double dx = b.x - a.x, dy = b.y - a.y, length = sqrt(dx * dx + dy * dy);
    if (length <= 0) return;
    const double nx = -dy / length * width * 0.5, ny = dx / length * width * 0.5;
    const aigc__point_t points[4] = {
        {a.x + nx, a.y + ny}, {b.x + nx, b.y + ny}, {b.x - nx, b.y - ny}, {a.x - nx, a.y - ny}};
    aigc__draw_polygon(canvas, points, 4, paint);
}

void aigc__draw_arc(aigc__canvas_t *canvas, aigc__point_t centre, double rx, double ry, int quarter, double width,
                    aigc__paint_t paint)
{
    aigc__point_t points[2 * (QUARTER + 1)];
    for (size_t i = 0; i <= QUARTER; i++) {
        const aigc__point_t p = circle_point((size_t)quarter, i);
        const double h = width * 0.5;
        points[i] = (aigc__point_t){centre.x + (rx + h) * p.x, centre.y + (ry + h) * p.y};
        points[2 * QUARTER + 1 - i] = (aigc__point_t){centre.x + (rx - h) * p.x, centre.y + (ry - h) * p.y};
    }
    aigc__draw_polygon(canvas, points, 2 * (QUARTER + 1), paint);
}
