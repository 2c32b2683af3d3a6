/* Walls, floor, openings, what hangs on walls, and the light. */
#include "data/home_scene.h"

#define BETWEEN(low, high) aigc__home_between(scene, low, high)

static const aigc__color_t white = {1, 1, 1, 1};

static void choose_room(aigc__scene_t *scene)
{
    const double width = BETWEEN(3.9, 5.2), shift = BETWEEN(-0.45, 0.45);
    scene->back = BETWEEN(4.8, 5.4);
    scene->focus = scene->back * BETWEEN(0.205, 0.235);
    scene->height = BETWEEN(2.5, 2.9);
    scene->left = -width * 0.5;
    scene->right = width * 0.5;
    scene->eye_x = shift;
    scene->eye_y = BETWEEN(1.35, 1.6);
    scene->centre = 0.5 + shift * BETWEEN(0.12, 0.2);
    scene->horizon = BETWEEN(0.38, 0.43);
    scene->night = aigc__home_chance(scene, 0.16);
}

static void draw_boards(aigc__scene_t *scene)
{
    const double board = BETWEEN(0.22, 0.34), contrast = BETWEEN(0.02, 0.06);
    const aigc__color_t floor = scene->palette.floor;
    const aigc__color_t seam = aigc__color_alpha(aigc__color_scale(floor, 0.7), 0.5);
    for (double x = scene->left - 2; x < scene->right + 2; x += board) {
        const double shade = BETWEEN(1 - contrast, 1 + contrast);
        aigc__home_flat(scene, x, x + board, 0, 0.9, scene->back, aigc__paint(aigc__color_scale(floor, shade)));
        aigc__home_flat(scene, x - 0.008, x + 0.008, 0, 0.9, scene->back, aigc__paint(seam));
    }
}

static void draw_tiles(aigc__scene_t *scene)
{
    const double tile = BETWEEN(0.5, 0.7), contrast = BETWEEN(0.05, 0.3);
    const aigc__color_t light = aigc__color_mix(scene->palette.floor, white, 0.55);
    const aigc__color_t dark = aigc__color_mix(light, aigc__color_scale(scene->palette.cabinet, 0.6), contrast);
    aigc__home_flat(scene, -9, 9, 0, 0.5, scene->back, aigc__paint(light));
    for (int row = 0; row < 6; row++)
        for (int column = -6; column < 6; column++) {
            const double z1 = scene->back - row * tile, x0 = column * tile;
            if (((row + column) & 1) == 0) aigc__home_flat(scene, x0, x0 + tile, 0, z1 - tile, z1, aigc__paint(dark));
        }
}

static void draw_side_walls(aigc__scene_t *scene)
{
    const aigc__home_palette_t *p = &scene->palette;
    const double brighter = aigc__home_chance(scene, 0.5) ? 1.0 : 0.92;
    const aigc__point_t far_left = aigc__home_place(scene, scene->left, 0, scene->back);
    const aigc__point_t far_right = aigc__home_place(scene, scene->right, 0, scene->back);
    const aigc__color_t left = aigc__color_scale(p->wall, brighter * 0.95),
                        right = aigc__color_scale(p->wall, (1.92 - brighter) * 0.95);
    aigc__home_side(
        scene, scene->left, 0, scene->height, 0.9, scene->back,
        aigc__paint_linear(left, aigc__color_scale(left, 0.9), (aigc__point_t){0, 0}, (aigc__point_t){far_left.x, 0}));
    aigc__home_side(scene, scene->right, 0, scene->height, 0.9, scene->back,
                    aigc__paint_linear(right, aigc__color_scale(right, 0.9), (aigc__point_t){1, 0},
                                       (aigc__point_t){far_right.x, 0}));
    aigc__home_side(scene, scene->left, 0, 0.11, 0.9, scene->back, aigc__paint(aigc__color_scale(p->trim, 0.95)));
    aigc__home_side(scene, scene->right, 0, 0.11, 0.9, scene->back, aigc__paint(aigc__color_scale(p->trim, 0.95)));
}

/* The back wall's lower part: nothing, panelling or a second colour. */
static void draw_back_wall(aigc__scene_t *scene)
{
    const aigc__home_palette_t *p = &scene->palette;
    const double z = scene->back, l = scene->left, r = scene->right;
    aigc__home_panel_shaded(scene, l, r, 0, scene->height, z, 0, p->feature, aigc__color_scale(p->feature, 0.93));
    const size_t style = aigc__home_pick(scene, 5);
    if (style == 0) {
        aigc__home_panel(scene, l, r, 0, 0.95, z, 0, p->trim);
        for (double x = l + 0.15; x + 0.5 < r; x += 0.65)
            aigc__home_panel(scene, x, x + 0.5, 0.22, 0.82, z, 0, aigc__color_scale(p->trim, 0.94));
        aigc__home_panel(scene, l, r, 0.93, 0.99, z, 0, aigc__color_scale(p->trim, 0.9));
    } else if (style == 1) {
        for (double x = l + 0.3; x < r; x += 0.6)
            aigc__home_panel(scene, x, x + 0.3, 0, scene->height, z, 0, aigc__color_scale(p->feature, 0.96));
    }
    aigc__home_panel(scene, l, r, 0, 0.11, z, 0, p->trim);
    aigc__home_panel(scene, l, r, scene->height - 0.07, scene->height, z, 0, aigc__color_scale(p->trim, 0.97));
}

void aigc__home_shell(aigc__scene_t *scene, bool tiles)
{
    choose_room(scene);
    aigc__home_palette_draw(scene);
    const aigc__home_palette_t *p = &scene->palette;
    const aigc__point_t corner = aigc__home_place(scene, 0, scene->height, scene->back);
    aigc__draw_rectangle(scene->canvas, 0, 0, 1, 0.6,
                         aigc__paint_linear(p->ceiling, aigc__color_scale(p->ceiling, 0.9), (aigc__point_t){0, 0},
                                            (aigc__point_t){0, corner.y > 0.02 ? corner.y : 0.02}));
    if (tiles)
        draw_tiles(scene);
    else
        draw_boards(scene);
    const aigc__point_t edge = aigc__home_place(scene, 0, 0, scene->back);
    const aigc__color_t dark = aigc__color_alpha(aigc__color(0x20160e), 0.22);
    aigc__draw_rectangle(
        scene->canvas, 0, edge.y - 0.01, 1, 1,
        aigc__paint_linear(dark, aigc__color_alpha(dark, 0), edge, (aigc__point_t){edge.x, edge.y + 0.2}));
    draw_side_walls(scene);
    draw_back_wall(scene);
}

/* What is seen through a window: sky, perhaps a sun or moon, hills or roofs. */
static void draw_view(aigc__scene_t *scene, double x0, double x1, double y0, double y1)
{
    const double z = scene->back, w = x1 - x0, h = y1 - y0;
    const aigc__color_t high = aigc__color(scene->night ? 0x16233f : 0x8fc1e3),
                        low = aigc__color(scene->night ? 0x3a4a6b : 0xe4f1f6);
    const aigc__color_t hill =
        scene->night ? aigc__color(0x1d2b33) : aigc__color_scale(aigc__color(0x86ae74), BETWEEN(0.85, 1.1));
    aigc__home_panel_shaded(scene, x0, x1, y0, y1, z, 0, high, low);
    const size_t view = aigc__home_pick(scene, 3);
    const double sun_x = x0 + w * BETWEEN(0.2, 0.8);
    if (aigc__home_chance(scene, 0.3))
        aigc__home_disc(scene, sun_x, y0 + h * 0.75, z, 0.09, 0.09, aigc__color(scene->night ? 0xf2eed8 : 0xfff6d0));
    if (view == 0) {
        const double rise0 = BETWEEN(0.2, 0.45), rise1 = BETWEEN(0.2, 0.45);
        const aigc__point_t points[4] = {
            aigc__home_place(scene, x0, y0, z), aigc__home_place(scene, x0, y0 + h * rise0, z),
            aigc__home_place(scene, x1, y0 + h * rise1, z), aigc__home_place(scene, x1, y0, z)};
        aigc__draw_polygon(scene->canvas, points, 4, aigc__paint(hill));
    } else if (view == 1) {
        const double tree = x0 + w * BETWEEN(0.25, 0.75);
        aigc__home_panel(scene, x0, x1, y0, y0 + h * 0.18, z, 0, hill);
        aigc__home_panel(scene, tree - 0.02, tree + 0.02, y0, y0 + h * 0.4, z, 0, aigc__color_scale(hill, 0.6));
        aigc__home_disc(scene, tree, y0 + h * 0.48, z, w * 0.2, h * 0.2, aigc__color_scale(hill, 0.85));
    }
}

static void draw_curtain(aigc__scene_t *scene, double x0, double x1, double y0, double y1)
{
    const aigc__color_t c = scene->palette.curtain;
    const double fold = (x1 - x0) / 4;
    aigc__home_panel_shaded(scene, x0, x1, y0, y1, scene->back, 0.02, c, aigc__color_scale(c, 0.9));
    for (int i = 0; i < 4; i += 2)
        aigc__home_panel(scene, x0 + i * fold, x0 + (i + 1) * fold, y0, y1, scene->back, 0,
                         aigc__color_alpha(aigc__color_scale(c, 0.8), 0.6));
}

/* Daylight that falls through the window onto the floor. */
static void draw_light(aigc__scene_t *scene, double x0, double x1)
{
    const double slant = BETWEEN(-0.7, 0.7), z1 = scene->back - 0.4, z0 = z1 - 1.2;
    const aigc__point_t points[4] = {aigc__home_place(scene, x0 + slant, 0, z0),
                                     aigc__home_place(scene, x1 + slant, 0, z0), aigc__home_place(scene, x1, 0, z1),
                                     aigc__home_place(scene, x0, 0, z1)};
    aigc__draw_polygon(scene->canvas, points, 4, aigc__paint(aigc__color_alpha(aigc__color(0xfff3d6), 0.28)));
}

void aigc__home_window(aigc__scene_t *scene, double x0, double x1, double y0, double y1, bool curtains)
{
    const aigc__color_t frame = scene->palette.trim;
    const double z = scene->back, f = 0.06;
    const size_t bars = 1 + aigc__home_pick(scene, 2);
    aigc__home_panel(scene, x0, x1, y0, y1, z, 0, frame);
    draw_view(scene, x0 + f, x1 - f, y0 + f, y1 - f);
    for (size_t i = 1; i <= bars; i++) {
        const double x = x0 + (x1 - x0) * (double)i / (double)(bars + 1);
        aigc__home_panel(scene, x - 0.022, x + 0.022, y0, y1, z, 0, frame);
    }
    if (aigc__home_chance(scene, 0.4))
        aigc__home_panel(scene, x0, x1, y0 + (y1 - y0) * 0.62, y0 + (y1 - y0) * 0.62 + 0.04, z, 0, frame);
    aigc__home_box(scene, x0 - 0.06, x1 + 0.06, y0 - 0.05, y0, z - 0.1, z, frame);
    if (!scene->night) draw_light(scene, x0, x1);
    if (!curtains) return;
    const double wide = BETWEEN(0.22, 0.36), bottom = aigc__home_chance(scene, 0.7) ? 0.04 : y0 - 0.1;
    draw_curtain(scene, x0 - wide + 0.08, x0 + 0.08, bottom, y1 + 0.12);
    draw_curtain(scene, x1 - 0.08, x1 + wide - 0.08, bottom, y1 + 0.12);
    aigc__home_panel(scene, x0 - wide - 0.02, x1 + wide + 0.02, y1 + 0.1, y1 + 0.15, z, 0.02, scene->palette.metal);
}

void aigc__home_side_opening(aigc__scene_t *scene)
{
    const bool on_left = scene->eye_x - scene->left > scene->right - scene->eye_x;
    const double x = on_left ? scene->left : scene->right, z0 = BETWEEN(3.0, 3.3), z1 = z0 + BETWEEN(0.8, 1.0);
    const aigc__color_t trim = scene->palette.trim;
    if (aigc__home_chance(scene, 0.5)) {
        const aigc__color_t door = aigc__home_chance(scene, 0.5) ? trim : scene->palette.wood;
        aigc__home_side(scene, x, 0, 2.12, z0 - 0.07, z1 + 0.07, aigc__paint(aigc__color_scale(trim, 0.9)));
        aigc__home_side(scene, x, 0, 2.05, z0, z1, aigc__paint(aigc__color_scale(door, 0.85)));
        aigc__home_side(scene, x, 1.15, 1.85, z0 + 0.15, z1 - 0.15, aigc__paint(aigc__color_scale(door, 0.77)));
        aigc__home_side(scene, x, 0.2, 0.95, z0 + 0.15, z1 - 0.15, aigc__paint(aigc__color_scale(door, 0.77)));
        aigc__home_side(scene, x, 0.98, 1.06, z1 - 0.12, z1 - 0.04, aigc__paint(scene->palette.metal));
    } else {
        const aigc__color_t sky = aigc__color(scene->night ? 0x24345a : 0xcfe6f2);
        aigc__home_side(scene, x, 0.85, 2.2, z0 - 0.2, z1 + 0.2, aigc__paint(aigc__color_scale(trim, 0.95)));
        aigc__home_side(scene, x, 0.92, 2.13, z0 - 0.13, z1 + 0.13, aigc__paint(sky));
        aigc__home_side(scene, x, 0.85, 2.2, (z0 + z1) * 0.5 - 0.03, (z0 + z1) * 0.5 + 0.03,
                        aigc__paint(aigc__color_scale(trim, 0.95)));
    }
}

/* The picture inside a frame: a landscape, blocks of colour, or a disc. */
static void draw_motif(aigc__scene_t *scene, double x0, double x1, double y0, double y1)
{
    const aigc__home_palette_t *p = &scene->palette;
    const double z = scene->back, w = x1 - x0, h = y1 - y0;
    const size_t motif = aigc__home_pick(scene, 4);
    const aigc__color_t ground = aigc__color_mix(p->rug, white, 0.5);
    aigc__home_panel(scene, x0, x1, y0, y1, z, 0, ground);
    if (motif == 0) {
        aigc__home_panel(scene, x0, x1, y0, y0 + h * BETWEEN(0.3, 0.5), z, 0, p->textile);
        aigc__home_disc(scene, x0 + w * BETWEEN(0.3, 0.7), y0 + h * 0.68, z, h * 0.13, h * 0.13, p->accent);
    } else if (motif == 1) {
        const double cut = BETWEEN(0.35, 0.65);
        aigc__home_panel(scene, x0, x0 + w * cut, y0, y0 + h * BETWEEN(0.4, 0.8), z, 0, p->accent);
        aigc__home_panel(scene, x0 + w * cut, x1, y0 + h * BETWEEN(0.2, 0.5), y1, z, 0, p->second);
    } else if (motif == 2) {
        aigc__home_disc(scene, x0 + w * 0.5, y0 + h * 0.5, z, w * 0.32, h * 0.32, p->accent);
    } else {
        const aigc__point_t hill[3] = {aigc__home_place(scene, x0, y0, z),
                                       aigc__home_place(scene, x0 + w * BETWEEN(0.3, 0.7), y0 + h * 0.75, z),
                                       aigc__home_place(scene, x1, y0, z)};
        aigc__draw_polygon(scene->canvas, hill, 3, aigc__paint(p->textile));
    }
}

void aigc__home_art(aigc__scene_t *scene, double x0, double x1, double y0, double y1)
{
    const bool dark = aigc__home_chance(scene, 0.5);
    const double f = 0.045;
    aigc__home_panel(scene, x0 + 0.02, x1 + 0.03, y0 - 0.04, y1 - 0.02, scene->back, 0,
                     aigc__color_alpha(aigc__color(0x201810), 0.25));
    aigc__home_panel(scene, x0, x1, y0, y1, scene->back, 0, dark ? scene->palette.dark_wood : aigc__color(0xf7f4ee));
    draw_motif(scene, x0 + f, x1 - f, y0 + f, y1 - f);
}

void aigc__home_rug(aigc__scene_t *scene, double x0, double x1, double z0, double z1)
{
    const aigc__color_t rug = scene->palette.rug, band = aigc__color_mix(rug, scene->palette.accent, 0.45);
    const double cx = (x0 + x1) * 0.5, mid = (x1 - x0) * 0.5;
    const size_t style = aigc__home_pick(scene, 4);
    if (style == 0) {
        const aigc__point_t near_edge = aigc__home_place(scene, cx, 0, z0),
                            far_edge = aigc__home_place(scene, cx, 0, z1);
        const double rx = mid * scene->focus / ((z0 + z1) * 0.5), ry = (near_edge.y - far_edge.y) * 0.5;
        aigc__draw_ellipse(scene->canvas, near_edge.x, far_edge.y + ry, rx, ry, aigc__paint(band));
        aigc__draw_ellipse(scene->canvas, near_edge.x, far_edge.y + ry, rx * 0.86, ry * 0.86, aigc__paint(rug));
        return;
    }
    aigc__home_flat(scene, x0, x1, 0, z0, z1, aigc__paint(style == 1 ? band : rug));
    if (style == 1) aigc__home_flat(scene, x0 + 0.14, x1 - 0.14, 0, z0 + 0.14, z1 - 0.14, aigc__paint(rug));
    for (int i = 0; style == 2 && i < 3; i++) {
        const double z = z0 + (z1 - z0) * (0.2 + 0.25 * i);
        aigc__home_flat(scene, x0, x1, 0, z, z + (z1 - z0) * 0.11, aigc__paint(band));
    }
}

void aigc__home_pendant(aigc__scene_t *scene, double x, double z, double drop)
{
    const double y = scene->height - drop;
    const aigc__color_t shade = aigc__home_chance(scene, 0.5) ? scene->palette.accent : scene->palette.metal;
    const aigc__point_t top = aigc__home_place(scene, x, scene->height, z), bottom = aigc__home_place(scene, x, y, z);
    aigc__draw_line(scene->canvas, top, bottom, 0.008, aigc__paint(aigc__color(0x3a3632)));
    if (aigc__home_chance(scene, 0.5)) {
        const aigc__point_t points[4] = {
            aigc__home_place(scene, x - 0.06, y, z), aigc__home_place(scene, x + 0.06, y, z),
            aigc__home_place(scene, x + 0.2, y - 0.2, z), aigc__home_place(scene, x - 0.2, y - 0.2, z)};
        aigc__draw_polygon(scene->canvas, points, 4, aigc__paint(shade));
        aigc__home_disc(scene, x, y - 0.2, z, 0.19, 0.035, aigc__color(0xfff2c4));
    } else {
        aigc__home_disc(scene, x, y - 0.1, z, 0.15, 0.13, aigc__color(0xfff4d8));
    }
    aigc__home_glow(scene, x, y - 0.2, z, 2.2);
}

/* Night: everything keeps a bluish rest of its colour, lamps bring back the warm part around them. */
void aigc__home_finish(aigc__scene_t *scene)
{
    if (!scene->night) return;
    if (scene->n_glows == 0) aigc__home_glow(scene, 0, scene->height, scene->back - 1, 2.0);
    aigc__canvas_light(scene->canvas, aigc__color(0x4a5274), aigc__color(0xffd9a0), scene->glows, scene->glow_radius,
                       scene->n_glows);
}
