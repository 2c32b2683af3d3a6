/* Whole rooms: where the pieces go. Back to front, so that near things cover far ones. */
#include "data/home_scene.h"

#define BETWEEN(low, high) aigc__home_between(scene, low, high)

/* What hangs above a wide piece around `x`: one, two or three pictures, a shelf, or a mirror. */
static void hang_above(aigc__scene_t *scene, double x, double width, double low)
{
    const double wall_top = scene->height - 0.25;
    switch (aigc__home_pick(scene, 5)) {
    case 0: {
        const double w = width * BETWEEN(0.4, 0.6), h = BETWEEN(0.55, 0.75);
        aigc__home_art(scene, x - w * 0.5, x + w * 0.5, low + 0.2, low + 0.2 + h < wall_top ? low + 0.2 + h : wall_top);
        break;
    }
    case 1: {
        const double w = width * 0.27, gap = 0.12, h = w * BETWEEN(1.1, 1.4);
        aigc__home_art(scene, x - gap * 0.5 - w, x - gap * 0.5, low + 0.25, low + 0.25 + h);
        aigc__home_art(scene, x + gap * 0.5, x + gap * 0.5 + w, low + 0.25, low + 0.25 + h);
        break;
    }
    case 2: {
        const double w = width * 0.2, gap = 0.1, h = w * BETWEEN(1.2, 1.5);
        for (int i = -1; i <= 1; i++) {
            const double middle = x + i * (w + gap);
            aigc__home_art(scene, middle - w * 0.5, middle + w * 0.5, low + 0.3, low + 0.3 + h);
        }
        break;
    }
    case 3:
        aigc__home_shelf(scene, x, low + BETWEEN(0.4, 0.6), width * 0.6);
        break;
    default: {
        const double r = BETWEEN(0.3, 0.42);
        aigc__home_disc(scene, x, low + 0.25 + r, scene->back, r, r, scene->palette.metal);
        aigc__home_disc(scene, x, low + 0.25 + r, scene->back, r * 0.87, r * 0.87,
                        aigc__color(scene->night ? 0x6b7788 : 0xdbe6ea));
    }
    }
}

/* Something tall for a free stretch of the back wall. */
static void stand_beside(aigc__scene_t *scene, double x)
{
    const double z = scene->back - 0.3;
    switch (aigc__home_pick(scene, 4)) {
    case 0:
        aigc__home_floor_lamp(scene, x, z);
        break;
    case 1:
        aigc__home_bookcase(scene, x, scene->back, 0.75, BETWEEN(1.6, 2.0));
        break;
    default:
        aigc__home_plant(scene, x, z, BETWEEN(1.0, 1.5));
    }
}

static void living_front(aigc__scene_t *scene, double x)
{
    const double z = scene->back - BETWEEN(1.15, 1.35);
    const bool left = aigc__home_chance(scene, 0.5);
    if (aigc__home_chance(scene, 0.55)) aigc__home_armchair(scene, left ? x - 1.45 : x + 1.45, z - 0.05, left);
    aigc__home_table(scene, x, z, BETWEEN(0.9, 1.15), 0.55, 0.38);
    aigc__home_vase(scene, x + 0.15, 0.38, z - 0.25);
}

/* A low cabinet with a television above it. */
static void living_television(aigc__scene_t *scene, double x)
{
    const double z = scene->back, w = BETWEEN(0.55, 0.68);
    aigc__home_drawers(scene, x, z, 1.9, 0.5, 3, 1);
    aigc__home_panel(scene, x - w, x + w, 0.72, 0.72 + w * 1.15, z - 0.1, 0.02, aigc__color(0x1b1d21));
    aigc__home_panel_shaded(scene, x - w + 0.04, x + w - 0.04, 0.76, 0.68 + w * 1.15, z - 0.1, 0, aigc__color(0x46525f),
                            aigc__color(0x262c34));
    aigc__home_plant(scene, x - 1.3, z - 0.3, BETWEEN(0.9, 1.3));
    if (aigc__home_chance(scene, 0.5))
        aigc__home_floor_lamp(scene, x + 1.35, z - 0.3);
    else
        aigc__home_vase(scene, x + 0.8, 0.5, z - 0.25);
    aigc__home_rug(scene, x - 1.2, x + 1.2, z - 2.4, z - 0.9);
    aigc__home_armchair(scene, x - 1.15, z - 1.0, true);
    aigc__home_armchair(scene, x + 1.15, z - 1.0, false);
    aigc__home_table(scene, x, z - 1.3, 0.7, 0.5, 0.38);
}

static void living_fireplace(aigc__scene_t *scene, double x)
{
    const double z = scene->back;
    const aigc__color_t stone = scene->palette.trim, fire = aigc__color(0xf2932f);
    aigc__home_box(scene, x - 0.75, x + 0.75, 0, 1.1, z - 0.2, z, stone);
    aigc__home_panel(scene, x - 0.42, x + 0.42, 0, 0.75, z - 0.2, 0.02, aigc__color(0x2a211d));
    aigc__home_disc(scene, x, 0.16, z - 0.2, 0.26, 0.2, fire);
    aigc__home_disc(scene, x, 0.12, z - 0.2, 0.15, 0.14, aigc__color(0xffd36b));
    aigc__home_glow(scene, x, 0.3, z, 2.2);
    aigc__home_box(scene, x - 0.85, x + 0.85, 1.1, 1.18, z - 0.26, z, aigc__color_scale(scene->palette.wood, 0.95));
    aigc__home_vase(scene, x - 0.55, 1.18, z - 0.15);
    hang_above(scene, x, 1.6, 1.12);
    aigc__home_rug(scene, x - 1.2, x + 1.2, z - 2.3, z - 0.7);
    aigc__home_armchair(scene, x - 1.25, z - 0.75, true);
    aigc__home_armchair(scene, x + 1.25, z - 0.75, false);
    aigc__home_table(scene, x, z - 1.2, 0.75, 0.5, 0.38);
    aigc__home_vase(scene, x, 0.38, z - 1.4);
}

void aigc__home_living_room(aigc__scene_t *scene)
{
    aigc__home_shell(scene, aigc__home_chance(scene, 0.12));
    if (aigc__home_chance(scene, 0.4)) aigc__home_side_opening(scene);
    const size_t kind = aigc__home_pick(scene, 6);
    if (kind == 0) {
        living_television(scene, BETWEEN(-0.3, 0.3));
    } else if (kind == 1) {
        living_fireplace(scene, BETWEEN(-0.25, 0.25));
    } else {
        const double side = aigc__home_chance(scene, 0.5) ? 1 : -1, width = BETWEEN(1.7, 2.3);
        const double x = side * BETWEEN(0.1, 0.45), free_x = -side * BETWEEN(1.45, 1.65) + x * 0.3;
        if (kind < 4) {
            aigc__home_window(scene, x - 0.75, x + 0.75, 1.05, 2.2, aigc__home_chance(scene, 0.8));
        } else {
            hang_above(scene, x, width, 0.9);
        }
        stand_beside(scene, free_x);
        if (aigc__home_chance(scene, 0.5))
            aigc__home_floor_lamp(scene, x + side * (width * 0.5 + 0.3), scene->back - 0.3);
        aigc__home_rug(scene, x - width * 0.6, x + width * 0.6, scene->back - 2.2, scene->back - 0.7);
        aigc__home_sofa(scene, x, scene->back - 0.02, width);
        living_front(scene, x);
    }
    if (aigc__home_chance(scene, 0.35)) aigc__home_pendant(scene, BETWEEN(-0.2, 0.2), scene->back - 1.2, 0.35);
}

/* A wardrobe with two doors. */
static void stand_wardrobe(aigc__scene_t *scene, double x)
{
    const double z = scene->back, z0 = z - 0.55, height = BETWEEN(1.9, 2.1);
    const aigc__color_t c = aigc__home_chance(scene, 0.5) ? scene->palette.wood : scene->palette.cabinet;
    aigc__home_box(scene, x - 0.5, x + 0.5, 0, height, z0, z, c);
    for (int i = 0; i < 2; i++) {
        const double left = x - 0.46 + 0.47 * i;
        aigc__home_panel(scene, left, left + 0.45, 0.1, height - 0.06, z0, 0.01, aigc__color_scale(c, 1.07));
        aigc__home_panel(scene, i ? left + 0.04 : left + 0.37, i ? left + 0.08 : left + 0.41, 0.95, 1.2, z0, 0,
                         scene->palette.metal);
    }
}

void aigc__home_bedroom(aigc__scene_t *scene)
{
    aigc__home_shell(scene, false);
    if (aigc__home_chance(scene, 0.4)) aigc__home_side_opening(scene);
    const double side = aigc__home_chance(scene, 0.5) ? 1 : -1,
                 width = aigc__home_chance(scene, 0.75) ? BETWEEN(1.45, 1.8) : BETWEEN(0.95, 1.1);
    const double x = side * BETWEEN(0, 0.55), z = scene->back, free_x = -side * BETWEEN(1.45, 1.6);
    const bool window_behind = aigc__home_chance(scene, 0.3);
    if (window_behind)
        aigc__home_window(scene, x - 0.7, x + 0.7, 1.2, 2.25, true);
    else
        hang_above(scene, x, width, 1.2);
    if (!window_behind && aigc__home_chance(scene, 0.5))
        aigc__home_window(scene, free_x - 0.35, free_x + 0.4, 1.0, 2.15, aigc__home_chance(scene, 0.6));
    else if (aigc__home_chance(scene, 0.4))
        stand_wardrobe(scene, free_x - side * 0.1);
    else if (aigc__home_chance(scene, 0.6))
        aigc__home_plant(scene, free_x, z - 0.35, BETWEEN(0.9, 1.3));
    aigc__home_rug(scene, x - width * 0.5 - 0.5, x + width * 0.5 + 0.5, z - 2.6, z - 1.0);
    for (int i = -1; i <= 1; i += 2) {
        const double stand_x = x + i * (width * 0.5 + 0.32);
        if (width < 1.2 && i != (side > 0 ? -1 : 1)) continue;
        aigc__home_drawers(scene, stand_x, z, 0.45, 0.5, 1, 2);
        if (aigc__home_chance(scene, 0.8)) aigc__home_table_lamp(scene, stand_x, 0.5, z - 0.25);
    }
    aigc__home_bed(scene, x, z - 0.02, width);
    if (aigc__home_chance(scene, 0.4)) aigc__home_pendant(scene, x * 0.5, z - 1.2, 0.3);
}

/* A wall of kitchen fronts from x0 to x1; lower ones carry the worktop. */
static void draw_fronts(aigc__scene_t *scene, double x0, double x1, double y0, double y1, double z0, double z1,
                        aigc__color_t c)
{
    const size_t n = (size_t)((x1 - x0) / 0.5 + 0.5) > 0 ? (size_t)((x1 - x0) / 0.5 + 0.5) : 1;
    const double w = (x1 - x0) / (double)n;
    aigc__home_box(scene, x0, x1, y0, y1, z0, z1, aigc__color_scale(c, 0.86));
    for (size_t i = 0; i < n; i++) {
        const double left = x0 + w * (double)i + 0.02, right = left + w - 0.04;
        aigc__home_panel(scene, left, right, y0 + 0.03, y1 - 0.02, z0, 0.01, c);
        const double handle = y0 > 1 ? y0 + 0.08 : y1 - 0.12;
        aigc__home_panel(scene, left + w * 0.3, right - w * 0.3, handle, handle + 0.035, z0, 0, scene->palette.metal);
    }
}

static void draw_cooker(aigc__scene_t *scene, double x, double z0, double z1)
{
    const aigc__color_t steel = aigc__color(0xb7bbbf);
    aigc__home_panel(scene, x - 0.3, x + 0.3, 0.1, 0.88, z0, 0.01, steel);
    aigc__home_panel(scene, x - 0.24, x + 0.24, 0.2, 0.62, z0, 0.03, aigc__color(0x26292d));
    aigc__home_panel(scene, x - 0.24, x + 0.24, 0.66, 0.7, z0, 0, aigc__color_scale(steel, 0.7));
    aigc__home_flat(scene, x - 0.28, x + 0.28, 0.925, z0 + 0.06, z1 - 0.06, aigc__paint(aigc__color(0x2d3034)));
    if (aigc__home_chance(scene, 0.6))
        aigc__home_panel(scene, x - 0.14, x + 0.12, 0.93, 1.08, z0 + 0.3, 0.03, scene->palette.accent);
}

static void draw_hood(aigc__scene_t *scene, double x, double z)
{
    const aigc__color_t steel = aigc__color_scale(aigc__color(0xc4c8cb), BETWEEN(0.85, 1.05));
    const aigc__point_t points[4] = {
        aigc__home_place(scene, x - 0.14, 1.85, z - 0.3), aigc__home_place(scene, x + 0.14, 1.85, z - 0.3),
        aigc__home_place(scene, x + 0.36, 1.6, z - 0.3), aigc__home_place(scene, x - 0.36, 1.6, z - 0.3)};
    aigc__home_panel(scene, x - 0.14, x + 0.14, 1.84, scene->height, z - 0.3, 0, steel);
    aigc__draw_polygon(scene->canvas, points, 4, aigc__paint(aigc__color_scale(steel, 0.92)));
    aigc__home_panel(scene, x - 0.36, x + 0.36, 1.55, 1.61, z - 0.3, 0, aigc__color_scale(steel, 0.8));
}

static void draw_fridge(aigc__scene_t *scene, double x, double z)
{
    const aigc__color_t c = aigc__home_chance(scene, 0.6) ? aigc__color(0xc9cdd0) : scene->palette.accent;
    aigc__home_box(scene, x - 0.36, x + 0.36, 0, 1.95, z - 0.68, z, c);
    aigc__home_panel(scene, x - 0.36, x + 0.36, 1.23, 1.26, z - 0.68, 0, aigc__color_scale(c, 0.65));
    aigc__home_panel(scene, x - 0.28, x - 0.24, 0.75, 1.15, z - 0.68, 0, aigc__color_scale(c, 0.55));
    aigc__home_panel(scene, x - 0.28, x - 0.24, 1.34, 1.6, z - 0.68, 0, aigc__color_scale(c, 0.55));
}

static void kitchen_wall(aigc__scene_t *scene, double side)
{
    const double z = scene->back, z0 = z - 0.6, x0 = side > 0 ? -1.35 : scene->left,
                 x1 = side > 0 ? scene->right : 1.35;
    const aigc__color_t fronts = scene->palette.cabinet,
                        uppers = aigc__home_chance(scene, 0.5) ? fronts : scene->palette.trim;
    const double cooker = side * BETWEEN(0.4, 0.7), window = -side * BETWEEN(0.35, 0.5);
    const aigc__color_t splash = aigc__color_mix(scene->palette.second, aigc__color(0xffffff), BETWEEN(0.2, 0.7));
    aigc__home_panel(scene, x0, x1, 0.9, 1.55, z, 0, splash);
    for (double x = x0; x < x1; x += 0.3)
        aigc__home_panel(scene, x, x + 0.012, 0.9, 1.55, z, 0, aigc__color_scale(splash, 0.88));
    aigc__home_panel(scene, x0, x1, 1.22, 1.235, z, 0, aigc__color_scale(splash, 0.88));
    if (aigc__home_chance(scene, 0.65))
        aigc__home_window(scene, window - 0.5, window + 0.5, 1.15, 2.1, false);
    else
        draw_fronts(scene, window - 0.75, window + 0.5, 1.55, 2.2, z - 0.35, z, uppers);
    draw_hood(scene, cooker, z);
    const double outer0 = side > 0 ? cooker + 0.42 : x0, outer1 = side > 0 ? x1 : cooker - 0.42;
    if (outer1 - outer0 > 0.3) draw_fronts(scene, outer0, outer1, 1.55, 2.2, z - 0.35, z, uppers);
    aigc__home_shadow(scene, x0, x1, z0 - 0.2, z0, 0.35);
    draw_fronts(scene, x0, x1, 0.1, 0.88, z0, z, fronts);
    aigc__home_box(scene, x0, x1, 0.88, 0.93, z0 - 0.03, z,
                   aigc__home_chance(scene, 0.5) ? scene->palette.wood : aigc__color(0x55534f));
    draw_cooker(scene, cooker, z0 - 0.01, z);
    aigc__home_panel(scene, window - 0.015, window + 0.015, 0.93, 1.2, z - 0.15, 0, aigc__color(0xaab0b5));
    aigc__home_panel(scene, window - 0.015, window + 0.13, 1.17, 1.2, z - 0.15, 0, aigc__color(0xaab0b5));
    aigc__home_vase(scene, window - side * 0.65, 0.93, z - 0.3);
    draw_fridge(scene, side > 0 ? x0 - 0.38 : x1 + 0.38, z);
}

void aigc__home_kitchen(aigc__scene_t *scene)
{
    aigc__home_shell(scene, aigc__home_chance(scene, 0.55));
    if (aigc__home_chance(scene, 0.3)) aigc__home_side_opening(scene);
    kitchen_wall(scene, aigc__home_chance(scene, 0.5) ? 1 : -1);
    const double x = BETWEEN(-0.5, 0.5), z = scene->back - BETWEEN(1.15, 1.3), width = BETWEEN(1.2, 1.7);
    const size_t front = aigc__home_pick(scene, 4);
    if (front == 0) return;
    if (front == 1) { /* an island with stools */
        aigc__home_shadow(scene, x - width * 0.5, x + width * 0.5, z - 0.75, z, 0.4);
        aigc__home_box(scene, x - width * 0.5, x + width * 0.5, 0.05, 0.84, z - 0.7, z, scene->palette.textile);
        aigc__home_box(scene, x - width * 0.5 - 0.06, x + width * 0.5 + 0.06, 0.84, 0.9, z - 0.76, z,
                       scene->palette.wood);
        aigc__home_vase(scene, x + 0.25, 0.9, z - 0.35);
    } else {
        aigc__home_chair(scene, x - width * 0.25, z + 0.3, false);
        aigc__home_chair(scene, x + width * 0.25, z + 0.3, false);
        aigc__home_table(scene, x, z, width, 0.75, 0.74);
        aigc__home_vase(scene, x, 0.74, z - 0.35);
        if (front == 3) aigc__home_chair(scene, x - width * 0.2, z - 0.6, true);
    }
    const size_t lamps = aigc__home_pick(scene, 3);
    for (size_t i = 0; i < lamps; i++)
        aigc__home_pendant(scene, x + ((double)i - 0.5 * (double)(lamps - 1)) * 0.7, z - 0.35, 0.55);
}

static void draw_desk(aigc__scene_t *scene, double x, double z, double width)
{
    const double screen = x + BETWEEN(-0.15, 0.15), h = BETWEEN(0.36, 0.44), lamp = BETWEEN(0.28, 0.38);
    aigc__home_table(scene, x, z, width, 0.65, 0.74);
    if (aigc__home_chance(scene, 0.6))
        aigc__home_box(scene, x + width * 0.5 - 0.42, x + width * 0.5 - 0.04, 0.1, 0.68, z - 0.6, z,
                       scene->palette.cabinet);
    aigc__home_panel(scene, screen - 0.03, screen + 0.03, 0.74, 0.9, z - 0.25, 0, aigc__color(0x3a3d42));
    aigc__home_panel(scene, screen - 0.14, screen + 0.14, 0.74, 0.76, z - 0.25, 0, aigc__color(0x3a3d42));
    aigc__home_panel(scene, screen - h * 0.85, screen + h * 0.85, 0.86, 0.86 + h, z - 0.25, 0.02,
                     aigc__color(0x202328));
    aigc__home_panel_shaded(scene, screen - h * 0.85 + 0.03, screen + h * 0.85 - 0.03, 0.89, 0.83 + h, z - 0.25, 0,
                            aigc__color(0x9fc4d8), aigc__color(0x5d86a5));
    aigc__home_table_lamp(scene, x - width * lamp, 0.74, z - 0.25);
    aigc__home_vase(scene, x + width * 0.38, 0.74, z - 0.3);
}

void aigc__home_study(aigc__scene_t *scene)
{
    aigc__home_shell(scene, false);
    if (aigc__home_chance(scene, 0.3)) aigc__home_side_opening(scene);
    const double side = aigc__home_chance(scene, 0.5) ? 1 : -1, x = side * BETWEEN(0.15, 0.45), z = scene->back,
                 width = BETWEEN(1.4, 1.75);
    const double case_x = -side * BETWEEN(1.3, 1.5);
    switch (aigc__home_pick(scene, 3)) {
    case 0:
        aigc__home_window(scene, x - 0.65, x + 0.65, 1.15, 2.2, aigc__home_chance(scene, 0.6));
        break;
    case 1:
        aigc__home_shelf(scene, x, 1.85, width * 0.8);
        aigc__home_shelf(scene, x + 0.1, 1.42, width * 0.6);
        break;
    default:
        hang_above(scene, x, width, 1.25);
    }
    aigc__home_bookcase(scene, case_x, z, 0.95, BETWEEN(1.7, 2.1));
    if (aigc__home_chance(scene, 0.6))
        aigc__home_plant(scene, x + side * (width * 0.5 + 0.35), z - 0.35, BETWEEN(0.9, 1.3));
    aigc__home_rug(scene, x - 1.0, x + 1.0, z - 2.0, z - 0.6);
    draw_desk(scene, x, z - 0.05, width);
    aigc__home_chair(scene, x + BETWEEN(-0.2, 0.2), z - 0.6, true);
    if (aigc__home_chance(scene, 0.4)) aigc__home_armchair(scene, case_x, z - 0.9, side < 0 ? false : true);
    if (aigc__home_chance(scene, 0.35)) aigc__home_pendant(scene, 0, z - 1.2, 0.35);
}
