/* A small 2-D rasteriser: filled shapes with exact area coverage over an RGB canvas. Uses only
 * + - * / and sqrt on IEEE numbers, so a drawing has the same bytes on every machine. */
#ifndef AIGC_DATA_DRAWING_H
#define AIGC_DATA_DRAWING_H

#include "base/memory.h"

typedef struct aigc__color {
    float r, g, b, a; /* 0..1, not premultiplied */
} aigc__color_t;

typedef struct aigc__point {
    double x, y; /* 0..1 across the canvas, y down */
} aigc__point_t;

/* Solid: `from` everywhere. Linear: `from` at `start` to `to` at `end`. Radial: an ellipse around
 * `start` with radii `end`; `from` in the middle fading smoothly to `to` at its rim. */
typedef enum aigc__paint_kind { AIGC__PAINT_SOLID, AIGC__PAINT_LINEAR, AIGC__PAINT_RADIAL } aigc__paint_kind_t;

typedef struct aigc__paint {
    aigc__paint_kind_t kind;
    aigc__color_t from, to;
    aigc__point_t start, end;
} aigc__paint_t;

typedef struct aigc__canvas {
    aigc__memory_t *memory;
    size_t size;     /* pixels of a side */
    float *pixels;   /* [size,size,3] 0..1 */
    float *coverage; /* [size,size+1] differences along a row, all zero between shapes */
} aigc__canvas_t;

aigc_status_t aigc__canvas_init(aigc__canvas_t *canvas, aigc__memory_t *memory, size_t size);
void aigc__canvas_free(aigc__canvas_t *canvas); /* also of a zeroed one */
void aigc__canvas_clear(aigc__canvas_t *canvas, aigc__color_t color);
void aigc__canvas_write(const aigc__canvas_t *canvas, uint8_t *rgb); /* [size,size,3] */

aigc__color_t aigc__color(uint32_t rgb);                                   /* 0xrrggbb, opaque */
aigc__color_t aigc__color_scale(aigc__color_t color, double factor);       /* brighter above 1, clamped */
aigc__color_t aigc__color_mix(aigc__color_t a, aigc__color_t b, double t); /* t 0 gives a */
aigc__color_t aigc__color_alpha(aigc__color_t color, double alpha);
aigc__paint_t aigc__paint(aigc__color_t color);
aigc__paint_t aigc__paint_linear(aigc__color_t from, aigc__color_t to, aigc__point_t start, aigc__point_t end);
aigc__paint_t aigc__paint_radial(aigc__color_t middle, aigc__color_t rim, aigc__point_t centre, double rx, double ry);

/* Multiplies every pixel by the light there: `ambient` and, within `radius` of each lamp, `lamp` falling off. */
void aigc__canvas_light(aigc__canvas_t *canvas, aigc__color_t ambient, aigc__color_t lamp, const aigc__point_t *lamps,
                        const double *radius, size_t n);

/* Simple polygons in either direction; parts outside are cut. */
void aigc__draw_polygon(aigc__canvas_t *canvas, const aigc__point_t *points, size_t n, aigc__paint_t paint);
void aigc__draw_rectangle(aigc__canvas_t *canvas, double x0, double y0, double x1, double y1, aigc__paint_t paint);
void aigc__draw_rounded(aigc__canvas_t *canvas, double x0, double y0, double x1, double y1, double radius,
                        aigc__paint_t paint);
void aigc__draw_ellipse(aigc__canvas_t *canvas, double cx, double cy, double rx, double ry, aigc__paint_t paint);
void aigc__draw_line(aigc__canvas_t *canvas, aigc__point_t a, aigc__point_t b, double width, aigc__paint_t paint);
/* A quarter of an ellipse's edge as a line; quarter 0 runs from right to bottom, 1 on to the left. */
void aigc__draw_arc(aigc__canvas_t *canvas, aigc__point_t centre, double rx, double ry, int quarter, double width,
                    aigc__paint_t paint);

#endif
