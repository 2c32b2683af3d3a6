/* Pieces of furniture and what stands on them. */
#include "data/home_scene.h"

#define BETWEEN(low, high) aigc__home_between(scene, low, high)

/* Four thin legs under a box. */
static void draw_legs(aigc__scene_t *scene, double x0, double x1, double y, double z0, double z1, aigc__color_t color)
{
    const double w = 0.05;
    const aigc__color_t far_color = aigc__color_scale(color, 0.75);
    aigc__home_panel(scene, x0, x0 + w, 0, y, z1 - w, 0, far_color);
    aigc__home_panel(scene, x1 - w, x1, 0, y, z1 - w, 0, far_color);
    aigc__home_panel(scene, x0, x0 + w, 0, y, z0, 0, color);
    aigc__home_panel(scene, x1 - w, x1, 0, y, z0, 0, color);
}

static void draw_cushion(aigc__scene_t *scene, double x, double y, double z, double size, aigc__color_t color)
{
    aigc__home_panel(scene, x - size * 0.5, x + size * 0.5, y, y + size * 0.9, z, size * 0.25, color);
}

void aigc__home_sofa(aigc__scene_t *scene, double x, double z, double width)
{
    const aigc__color_t c = scene->palette.textile, back = aigc__color_scale(c, 0.88),
                        dark = aigc__color_scale(c, 0.76);
    const double x0 = x - width * 0.5, x1 = x + width * 0.5, z0 = z - 0.85, arm = 0.2;
    const double back_height = BETWEEN(0.78, 0.92), arm_height = BETWEEN(0.52, 0.64), round = BETWEEN(0.04, 0.12);
    const size_t seats = width > 1.9 ? 3 : 2;
    const double seat = (width - 2 * arm) / (double)seats;
    aigc__home_shadow(scene, x0, x1, z0 - 0.1, z, 0.45);
    aigc__home_panel(scene, x0 + 0.1, x0 + 0.16, 0, 0.15, z0, 0, scene->palette.dark_wood);
    aigc__home_panel(scene, x1 - 0.16, x1 - 0.1, 0, 0.15, z0, 0, scene->palette.dark_wood);
    aigc__home_panel(scene, x0 + 0.06, x1 - 0.06, 0.2, back_height, z - 0.15, round, back);
    for (size_t i = 0; i < seats; i++) {
        const double left = x0 + arm + seat * (double)i;
        aigc__home_panel_shaded(scene, left + 0.02, left + seat - 0.02, 0.38, back_height - 0.04, z - 0.25, 0.07,
                                aigc__color_scale(c, 0.98), back);
    }
    aigc__home_box(scene, x0 + arm, x1 - arm, 0.12, 0.34, z0 + 0.03, z - 0.25, dark);
    for (size_t i = 0; i < seats; i++) {
        const double left = x0 + arm + seat * (double)i;
        aigc__home_flat(scene, left + 0.01, left + seat - 0.01, 0.44, z0, z - 0.27,
                        aigc__paint(aigc__color_scale(c, 1.1)));
        aigc__home_panel(scene, left + 0.01, left + seat - 0.01, 0.28, 0.45, z0, 0.05, c);
    }
    for (int side = 0; side < 2; side++) {
        const double a = side ? x1 - arm : x0;
        aigc__home_flat(scene, a + 0.02, a + arm - 0.02, arm_height, z0, z - 0.15,
                        aigc__paint(aigc__color_scale(c, 1.12)));
        aigc__home_panel_shaded(scene, a, a + arm, 0.12, arm_height, z0, 0.06, aigc__color_scale(c, 0.95), dark);
    }
    const double size = BETWEEN(0.34, 0.42);
    const size_t cushions = aigc__home_pick(scene, 3);
    if (cushions > 0) draw_cushion(scene, x0 + arm + 0.28, 0.44, z - 0.4, size, scene->palette.accent);
    if (cushions > 1) draw_cushion(scene, x1 - arm - 0.28, 0.44, z - 0.4, size, scene->palette.second);
}

void aigc__home_armchair(aigc__scene_t *scene, double x, double z, bool faces_right)
{
    const aigc__color_t c = scene->palette.second;
    const double w = 0.78, x0 = x - w * 0.5, x1 = x + w * 0.5, z0 = z - 0.75, thick = 0.2;
    aigc__home_shadow(scene, x0, x1, z0 - 0.05, z, 0.45);
    draw_legs(scene, x0 + 0.05, x1 - 0.05, 0.16, z0 + 0.04, z, scene->palette.dark_wood);
    aigc__home_box(scene, x0, x1, 0.15, 0.62, z - 0.16, z, aigc__color_scale(c, 0.9));
    if (faces_right) aigc__home_box(scene, x0, x0 + thick, 0.15, 0.85, z0, z, aigc__color_scale(c, 0.92));
    if (!faces_right) aigc__home_box(scene, x1 - thick, x1, 0.15, 0.85, z0, z, aigc__color_scale(c, 0.92));
    const double s0 = faces_right ? x0 + thick : x0, s1 = faces_right ? x1 : x1 - thick;
    aigc__home_box(scene, s0, s1, 0.15, 0.44, z0 + 0.16, z - 0.16, c);
    aigc__home_box(scene, s0 - 0.01, s1, 0.15, 0.6, z0, z0 + 0.16, aigc__color_scale(c, 0.97));
}

static void draw_pillow(aigc__scene_t *scene, double x, double y, double z, double width, aigc__color_t color)
{
    aigc__home_panel_shaded(scene, x - width * 0.5, x + width * 0.5, y, y + 0.28, z, 0.1, color,
                            aigc__color_scale(color, 0.88));
}

static void draw_headboard(aigc__scene_t *scene, double x0, double x1, double z)
{
    const double top = BETWEEN(0.95, 1.3);
    const size_t style = aigc__home_pick(scene, 3);
    const aigc__color_t wood = scene->palette.wood, soft = aigc__color_scale(scene->palette.second, 0.92);
    aigc__home_panel(scene, x0 - 0.06, x1 + 0.06, 0, top, z - 0.06, style == 1 ? 0.25 : 0.03, style == 1 ? soft : wood);
    if (style == 1) return;
    const double step = (x1 - x0) / 5;
    for (int i = 0; i < 5; i++)
        aigc__home_panel(scene, x0 + step * (i + 0.12), x0 + step * (i + 0.88), 0.5, top - 0.1, z - 0.06, 0.02,
                         aigc__color_scale(wood, style == 2 ? 0.82 : 1.1));
}

void aigc__home_bed(aigc__scene_t *scene, double x, double z, double width)
{
    const aigc__home_palette_t *p = &scene->palette;
    const double x0 = x - width * 0.5, x1 = x + width * 0.5, z0 = z - 2.05, fold = z - BETWEEN(0.6, 0.85), top = 0.58;
    const aigc__color_t linen = aigc__color_mix(p->trim, aigc__color(0xffffff), 0.5), cover = p->textile;
    const double pillow = width > 1.2 ? width * 0.44 : width * 0.7;
    aigc__home_shadow(scene, x0 - 0.1, x1 + 0.1, z0 - 0.05, z, 0.35);
    draw_headboard(scene, x0, x1, z);
    aigc__home_box(scene, x0, x1, 0.08, 0.3, z0 + 0.02, z - 0.1, p->wood);
    aigc__home_box(scene, x0, x1, 0.3, top - 0.02, z0 + 0.04, z - 0.1, linen);
    const double offset = width > 1.2 ? width * 0.24 : 0;
    draw_pillow(scene, x - offset, top - 0.02, z - 0.25, pillow, linen);
    if (offset > 0) draw_pillow(scene, x + offset, top - 0.02, z - 0.25, pillow, linen);
    if (aigc__home_chance(scene, 0.6)) draw_pillow(scene, x, top - 0.02, z - 0.42, 0.5, p->accent);
    aigc__home_box(scene, x0 - 0.05, x1 + 0.05, 0.2, top, z0, fold, cover);
    aigc__home_flat(scene, x0 - 0.05, x1 + 0.05, top + 0.005, fold - 0.2, fold,
                    aigc__paint(aigc__color_mix(cover, linen, 0.8)));
    if (aigc__home_chance(scene, 0.5)) {
        const double t0 = z0 + BETWEEN(0.15, 0.4);
        aigc__home_flat(scene, x0 - 0.06, x1 + 0.06, top + 0.005, t0, t0 + 0.45, aigc__paint(p->accent));
    }
    aigc__home_panel_shaded(scene, x0 - 0.05, x1 + 0.05, 0.16, top, z0, 0.05, aigc__color_scale(cover, 0.97),
                            aigc__color_scale(cover, 0.82));
}

void aigc__home_table(aigc__scene_t *scene, double x, double z, double width, double depth, double height)
{
    const double x0 = x - width * 0.5, x1 = x + width * 0.5, z0 = z - depth;
    aigc__home_shadow(scene, x0, x1, z0, z, 0.2);
    draw_legs(scene, x0 + 0.05, x1 - 0.05, height - 0.04, z0 + 0.05, z - 0.02, scene->palette.dark_wood);
    aigc__home_box(scene, x0, x1, height - 0.06, height, z0, z, scene->palette.wood);
}

void aigc__home_chair(aigc__scene_t *scene, double x, double z, bool from_behind)
{
    const aigc__color_t frame = scene->palette.dark_wood, seat = scene->palette.accent;
    const double x0 = x - 0.22, x1 = x + 0.22, z0 = z - 0.44;
    draw_legs(scene, x0, x1, 0.46, z0, z, frame);
    if (!from_behind) aigc__home_panel(scene, x0, x1, 0.55, 0.92, z, 0.06, seat);
    aigc__home_box(scene, x0, x1, 0.42, 0.48, z0, z, seat);
    if (!from_behind) return;
    aigc__home_panel(scene, x0, x0 + 0.05, 0.4, 0.92, z0, 0, frame);
    aigc__home_panel(scene, x1 - 0.05, x1, 0.4, 0.92, z0, 0, frame);
    aigc__home_panel(scene, x0, x1, 0.58, 0.94, z0, 0.06, aigc__color_scale(seat, 0.92));
}

void aigc__home_drawers(aigc__scene_t *scene, double x, double z, double width, double height, size_t columns,
                        size_t rows)
{
    const aigc__color_t wood = scene->palette.wood, face = aigc__color_scale(wood, 1.07), knob = scene->palette.metal;
    const double x0 = x - width * 0.5, z0 = z - 0.45, low = 0.08;
    const double w = width / (double)columns, h = (height - low) / (double)rows, gap = 0.025;
    aigc__home_shadow(scene, x0, x0 + width, z0, z, 0.35);
    aigc__home_box(scene, x0, x0 + width, 0.04, height, z0, z, aigc__color_scale(wood, 0.92));
    for (size_t column = 0; column < columns; column++)
        for (size_t row = 0; row < rows; row++) {
            const double left = x0 + w * (double)column + gap, bottom = low + h * (double)row + gap * 0.5;
            aigc__home_panel(scene, left, left + w - 2 * gap, bottom, bottom + h - gap, z0, 0.01, face);
            if (rows >= columns)
                aigc__home_panel(scene, left + w * 0.38, left + w * 0.56, bottom + h * 0.5, bottom + h * 0.5 + 0.035,
                                 z0, 0, knob);
            else
                aigc__home_panel(scene, left + (column & 1 ? 0.04 : w - 0.13), left + (column & 1 ? 0.08 : w - 0.09),
                                 bottom + h * 0.4, bottom + h * 0.6, z0, 0, knob);
        }
}

/* A row of books between x0 and x1. */
static void draw_books(aigc__scene_t *scene, double x0, double x1, double y, double height, double z)
{
    const aigc__home_palette_t *p = &scene->palette;
    const aigc__color_t colors[5] = {p->accent, p->textile, p->second, p->trim, p->dark_wood};
    double x = x0;
    while (x < x1 - 0.05) {
        const double w = BETWEEN(0.06, 0.13), h = height * BETWEEN(0.65, 0.95);
        const size_t color = aigc__home_pick(scene, 6);
        const double end = x + w < x1 ? x + w : x1;
        if (color < 5) aigc__home_panel(scene, x, end, y, y + h, z, 0, colors[color]);
        x += w;
    }
}

void aigc__home_bookcase(aigc__scene_t *scene, double x, double z, double width, double height)
{
    const double x0 = x - width * 0.5, x1 = x + width * 0.5, z0 = z - 0.32, board = 0.04;
    const size_t rows = height > 1.5 ? 5 : 3;
    const double h = (height - board) / (double)rows;
    const aigc__color_t wood = scene->palette.wood;
    aigc__home_shadow(scene, x0, x1, z0, z, 0.35);
    aigc__home_box(scene, x0, x1, 0, height, z0, z, wood);
    for (size_t row = 0; row < rows; row++) {
        const double y = board + h * (double)row;
        aigc__home_panel(scene, x0 + board, x1 - board, y, y + h - board, z0, 0, aigc__color_scale(wood, 0.6));
        if (aigc__home_chance(scene, 0.75)) {
            draw_books(scene, x0 + board, x1 - board - BETWEEN(0, width * 0.4), y, h - board, z0);
        } else {
            aigc__home_disc(scene, x, y + 0.1, z0, 0.1, 0.1, scene->palette.accent);
        }
    }
}

void aigc__home_shelf(aigc__scene_t *scene, double x, double y, double width)
{
    const double x0 = x - width * 0.5, x1 = x + width * 0.5, z = scene->back;
    draw_books(scene, x0 + 0.06, x0 + width * BETWEEN(0.45, 0.7), y, 0.26, z - 0.1);
    aigc__home_vase(scene, x1 - width * 0.18, y, z - 0.1);
    aigc__home_box(scene, x0, x1, y - 0.05, y, z - 0.2, z, scene->palette.wood);
}

/* One leaf from (x, y), `dx` and `dy` long, as a lens of four points. */
static void draw_leaf(aigc__scene_t *scene, double x, double y, double z, double dx, double dy, double width,
                      aigc__color_t color)
{
    const double mx = x + dx * 0.55, my = y + dy * 0.55, nx = -dy * width, ny = dx * width;
    const aigc__point_t points[6] = {aigc__home_place(scene, x, y, z),
                                     aigc__home_place(scene, x + dx * 0.25 + nx * 0.8, y + dy * 0.25 + ny * 0.8, z),
                                     aigc__home_place(scene, mx + nx, my + ny, z),
                                     aigc__home_place(scene, x + dx, y + dy, z),
                                     aigc__home_place(scene, mx - nx, my - ny, z),
                                     aigc__home_place(scene, x + dx * 0.25 - nx * 0.8, y + dy * 0.25 - ny * 0.8, z)};
    aigc__draw_polygon(scene->canvas, points, 6, aigc__paint(color));
}

void aigc__home_plant(aigc__scene_t *scene, double x, double z, double height)
{
    static const double reach[7][2] = {{-0.42, 0.35}, {0.42, 0.38}, {-0.3, 0.7}, {0.32, 0.72},
                                       {-0.12, 0.95}, {0.14, 0.98}, {0, 0.8}};
    const aigc__color_t leaf = scene->palette.leaf,
                        pot = aigc__home_chance(scene, 0.5) ? scene->palette.accent : scene->palette.trim;
    const double pot_height = height * 0.3, r = height * 0.15, rest = height - pot_height;
    const bool round = aigc__home_chance(scene, 0.4);
    const aigc__point_t points[4] = {
        aigc__home_place(scene, x - r, pot_height, z), aigc__home_place(scene, x + r, pot_height, z),
        aigc__home_place(scene, x + r * 0.75, 0, z), aigc__home_place(scene, x - r * 0.75, 0, z)};
    aigc__home_shadow(scene, x - r * 1.3, x + r * 1.3, z - 0.2, z + 0.15, 0.4);
    if (round) {
        const double lean = BETWEEN(-0.05, 0.05);
        aigc__home_panel(scene, x - 0.025, x + 0.025, pot_height, height * 0.7, z, 0, scene->palette.dark_wood);
        aigc__home_disc(scene, x + lean - 0.12 * height, height * 0.68, z, height * 0.17, height * 0.15,
                        aigc__color_scale(leaf, 0.82));
        aigc__home_disc(scene, x + lean + 0.12 * height, height * 0.7, z, height * 0.17, height * 0.15,
                        aigc__color_scale(leaf, 0.92));
        aigc__home_disc(scene, x + lean, height * 0.83, z, height * 0.19, height * 0.17, leaf);
    }
    for (size_t i = 0; !round && i < 7; i++) {
        const double dx = reach[i][0] * height * BETWEEN(0.8, 1.15), dy = reach[i][1] * rest * BETWEEN(0.85, 1.05);
        const double shade = i & 1 ? 1.05 : 0.82;
        draw_leaf(scene, x, pot_height - 0.03, z, dx, dy, 0.16, aigc__color_scale(leaf, shade));
    }
    aigc__draw_polygon(scene->canvas, points, 4, aigc__paint(pot));
}

static void draw_shade(aigc__scene_t *scene, double x, double y, double z, double r, double h)
{
    const aigc__point_t points[4] = {aigc__home_place(scene, x - r * 0.65, y + h, z),
                                     aigc__home_place(scene, x + r * 0.65, y + h, z),
                                     aigc__home_place(scene, x + r, y, z), aigc__home_place(scene, x - r, y, z)};
    const aigc__color_t shade =
        scene->night ? aigc__color(0xffe2a8) : aigc__color_mix(scene->palette.trim, aigc__color(0xfff0d0), 0.6);
    aigc__draw_polygon(scene->canvas, points, 4,
                       aigc__paint_linear(shade, aigc__color_scale(shade, 0.9), points[0], points[3]));
    aigc__home_glow(scene, x, y + h * 0.5, z, 0.8 + r * 4);
}

void aigc__home_floor_lamp(aigc__scene_t *scene, double x, double z)
{
    const aigc__color_t metal = aigc__color_scale(scene->palette.metal, 0.8);
    const double top = BETWEEN(1.35, 1.6);
    aigc__home_shadow(scene, x - 0.18, x + 0.18, z - 0.15, z + 0.15, 0.35);
    aigc__home_disc(scene, x, 0.02, z, 0.15, 0.04, metal);
    aigc__home_panel(scene, x - 0.02, x + 0.02, 0.02, top, z, 0, metal);
    draw_shade(scene, x, top - 0.1, z, 0.24, 0.32);
}

void aigc__home_table_lamp(aigc__scene_t *scene, double x, double y, double z)
{
    aigc__home_disc(scene, x, y + 0.08, z, 0.07, 0.09, scene->palette.accent);
    draw_shade(scene, x, y + 0.17, z, 0.15, 0.2);
}

void aigc__home_vase(aigc__scene_t *scene, double x, double y, double z)
{
    const size_t what = aigc__home_pick(scene, 3);
    const aigc__color_t leaf = scene->palette.leaf;
    if (what == 0) {
        draw_leaf(scene, x, y + 0.12, z, -0.12, 0.2, 0.2, aigc__color_scale(leaf, 0.85));
        draw_leaf(scene, x, y + 0.12, z, 0.12, 0.22, 0.2, leaf);
        draw_leaf(scene, x, y + 0.12, z, 0.01, 0.26, 0.2, aigc__color_scale(leaf, 1.1));
        aigc__home_panel(scene, x - 0.06, x + 0.06, y, y + 0.15, z, 0.03, scene->palette.trim);
    } else if (what == 1) {
        aigc__home_disc(scene, x - 0.06, y + 0.1, z, 0.055, 0.055, scene->palette.accent);
        aigc__home_disc(scene, x + 0.05, y + 0.1, z, 0.055, 0.055, aigc__color(0xe0b040));
        aigc__home_panel(scene, x - 0.14, x + 0.14, y, y + 0.08, z, 0.04, scene->palette.trim);
    } else {
        aigc__home_panel(scene, x - 0.055, x + 0.055, y, y + 0.24, z, 0.05, scene->palette.accent);
    }
}
