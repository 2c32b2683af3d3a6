/* Chance, colours, the camera and the solids everything else is built from. */
#include "data/home_scene.h"

double aigc__home_between(aigc__scene_t *scene, double low, double high)
{
    return low + (high - low) * ((double)aigc__random_u32(&scene->random) * 0x1p-32);
}

bool aigc__home_chance(aigc__scene_t *scene, double probability)
{
    return aigc__home_between(scene, 0, 1) < probability;
}

size_t aigc__home_pick(aigc__scene_t *scene, size_t n) { return (size_t)aigc__home_between(scene, 0, (double)n); }

/* ---- palettes ---- */

/* Colours that go together: wall, feature wall, two textiles, accent, rug. */
typedef struct scheme {
    uint32_t wall, feature, textile, second, accent, rug, cabinet;
} scheme_t;

static const scheme_t schemes[] = {
    {0xf1ece2, 0xe4dccd, 0x8a9a8b, 0xd9b48f, 0xc9673f, 0xd8c7ae, 0xf4f1ea}, /* oat and sage */
    {0xe6ebee, 0x8fa9bb, 0x5f7f99, 0xe8e2d6, 0xe0a458, 0xc7d3da, 0xf5f6f6}, /* mist and denim */
    {0xf3e3d7, 0xd89a7e, 0xc2694a, 0xf0d9b8, 0x4e6e5d, 0xe6c6a8, 0xf1e6da}, /* terracotta */
    {0xe9ece4, 0x5f7a67, 0x3f5a4a, 0xd9c9a3, 0xd98c5f, 0xc9cdb4, 0xdfe5da}, /* forest */
    {0xf2f0ee, 0xc9c5c0, 0x6f7278, 0xb9b4ac, 0xe3b23c, 0xa8a9ad, 0x55585e}, /* graphite and mustard */
    {0xf4e6e6, 0xe2b6b4, 0xc98b8f, 0xf3e9df, 0x7d8f9c, 0xead3cf, 0xf6efec}, /* blush */
    {0xeef1f5, 0x3e5c7e, 0x2f4a6b, 0xe7e4da, 0xd9583f, 0xa9bbce, 0xe9edf2}, /* navy and coral */
    {0xf6f0dc, 0xecd491, 0xe0b040, 0x9bb0a5, 0x3f6d7a, 0xefe0b6, 0xf7f3e6}, /* honey */
    {0xe4efee, 0x7fb5b0, 0x3d8b8a, 0xf0e3cf, 0xe58d63, 0xbcdad6, 0xe8f1ef}, /* lagoon */
    {0xece6f0, 0xa996bd, 0x7d6796, 0xe9dcc9, 0xc9a13f, 0xcfc0da, 0xf0ecf3}, /* lilac */
    {0xe8e1d8, 0xa58a72, 0x7a5a45, 0xdfcdb4, 0x4f7a7a, 0xc2a98d, 0x8b6b52}, /* walnut and clay */
    {0xf7f7f5, 0xf0efec, 0xd9d5ce, 0x7a8b99, 0x2f3437, 0xe6e3dd, 0xffffff}, /* white loft */
    {0xe3e8df, 0xa9bd9b, 0xd8d2c2, 0x6f8f5f, 0xb5563c, 0xc4cfb3, 0xb7c7a6}, /* meadow */
    {0xf0e4da, 0x8c3f3a, 0x9c4a42, 0xe3c9a6, 0x2f5560, 0xc98f73, 0xe9ddd0}, /* brick red */
    {0xdfe4ea, 0xb9c4d1, 0xa85d6d, 0xd6d2cf, 0x4c6a8a, 0xc7b3b6, 0xc3ccd6}, /* dove and wine */
    {0xe9e5e1, 0x4b5157, 0xc98d4f, 0x8c8f8e, 0xe9c46a, 0x9c8f80, 0x3c4247}, /* charcoal and cognac */
};

static const uint32_t floors[] = {0xc9a176, 0xb98a5c, 0x8f633f, 0xdcc4a0, 0x6e4a30,
                                  0xa9744a, 0xcdbfae, 0xb7a999, 0xe0d3bd};
static const uint32_t woods[] = {0xb9885a, 0x8c5f3c, 0xd8b888, 0x6b4630, 0xa8754a, 0xe6dccd};
static const uint32_t leaves[] = {0x4f8a4c, 0x3d7048, 0x6fa05a, 0x5b8f6b};
static const uint32_t metals[] = {0xc9a86a, 0x3a3c40, 0xb9bcc0, 0x8a6f4d};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A colour as listed, a little warmer or cooler, lighter or darker. */
static aigc__color_t vary(aigc__scene_t *scene, uint32_t rgb)
{
    const double light = aigc__home_between(scene, 0.94, 1.05), warm = aigc__home_between(scene, -0.02, 0.02);
    aigc__color_t c = aigc__color_scale(aigc__color(rgb), light);
    c.r = (float)(c.r * (1 + warm));
    c.b = (float)(c.b * (1 - warm));
    return aigc__color_scale(c, 1);
}

static aigc__color_t vary_one(aigc__scene_t *scene, const uint32_t *list, size_t n)
{
    return vary(scene, list[aigc__home_pick(scene, n)]);
}

void aigc__home_palette_draw(aigc__scene_t *scene)
{
    const scheme_t *s = &schemes[aigc__home_pick(scene, COUNT(schemes))];
    aigc__home_palette_t *p = &scene->palette;
    p->wall = vary(scene, s->wall);
    p->feature = aigc__home_chance(scene, 0.55) ? vary(scene, s->feature) : aigc__color_scale(p->wall, 0.97);
    const bool swapped = aigc__home_chance(scene, 0.35);
    p->textile = vary(scene, swapped ? s->second : s->textile);
    p->second = vary(scene, swapped ? s->textile : s->second);
    p->accent = vary(scene, s->accent);
    p->rug = vary(scene, s->rug);
    p->cabinet = vary(scene, s->cabinet);
    p->curtain = aigc__home_chance(scene, 0.5) ? aigc__color_mix(p->second, aigc__color(0xffffff), 0.35)
                                               : aigc__color_mix(p->textile, aigc__color(0xffffff), 0.25);
    p->trim = aigc__color_mix(p->wall, aigc__color(0xffffff), 0.75);
    p->ceiling = aigc__color_mix(p->wall, aigc__color(0xffffff), 0.6);
    p->floor = vary_one(scene, floors, COUNT(floors));
    p->wood = vary_one(scene, woods, COUNT(woods));
    p->dark_wood = aigc__color_scale(p->wood, 0.72);
    p->metal = aigc__color(metals[aigc__home_pick(scene, COUNT(metals))]);
    p->leaf = vary_one(scene, leaves, COUNT(leaves));
}

/* ---- camera and solids ---- */

aigc__point_t aigc__home_place(const aigc__scene_t *scene, double x, double y, double z)
{
    const double scale = scene->focus / (z > 0.2 ? z : 0.2);
    return (aigc__point_t){scene->centre + (x - scene->eye_x) * scale, scene->horizon + (scene->eye_y - y) * scale};
}

void aigc__home_panel(aigc__scene_t *scene, double x0, double x1, double y0, double y1, double z, double radius,
                      aigc__color_t color)
{
    const aigc__point_t a = aigc__home_place(scene, x0, y1, z), b = aigc__home_place(scene, x1, y0, z);
    if (radius > 0)
        aigc__draw_rounded(scene->canvas, a.x, a.y, b.x, b.y, radius * scene->focus / z, aigc__paint(color));
    else
        aigc__draw_rectangle(scene->canvas, a.x, a.y, b.x, b.y, aigc__paint(color));
}

void aigc__home_panel_shaded(aigc__scene_t *scene, double x0, double x1, double y0, double y1, double z, double radius,
                             aigc__color_t top, aigc__color_t bottom)
{
    const aigc__point_t a = aigc__home_place(scene, x0, y1, z), b = aigc__home_place(scene, x1, y0, z);
    const aigc__paint_t paint = aigc__paint_linear(top, bottom, (aigc__point_t){a.x, a.y}, (aigc__point_t){a.x, b.y});
    aigc__draw_rounded(scene->canvas, a.x, a.y, b.x, b.y, radius * scene->focus / z, paint);
}

void aigc__home_disc(aigc__scene_t *scene, double x, double y, double z, double rx, double ry, aigc__color_t color)
{
    const aigc__point_t p = aigc__home_place(scene, x, y, z);
    const double scale = scene->focus / z;
    aigc__draw_ellipse(scene->canvas, p.x, p.y, rx * scale, ry * scale, aigc__paint(color));
}

void aigc__home_flat(aigc__scene_t *scene, double x0, double x1, double y, double z0, double z1, aigc__paint_t paint)
{
    const aigc__point_t points[4] = {aigc__home_place(scene, x0, y, z0), aigc__home_place(scene, x1, y, z0),
                                     aigc__home_place(scene, x1, y, z1), aigc__home_place(scene, x0, y, z1)};
    aigc__draw_polygon(scene->canvas, points, 4, paint);
}

void aigc__home_side(aigc__scene_t *scene, double x, double y0, double y1, double z0, double z1, aigc__paint_t paint)
{
    const aigc__point_t points[4] = {aigc__home_place(scene, x, y0, z0), aigc__home_place(scene, x, y1, z0),
                                     aigc__home_place(scene, x, y1, z1), aigc__home_place(scene, x, y0, z1)};
    aigc__draw_polygon(scene->canvas, points, 4, paint);
}

void aigc__home_box(aigc__scene_t *scene, double x0, double x1, double y0, double y1, double z0, double z1,
                    aigc__color_t color)
{
    const aigc__paint_t side = aigc__paint(aigc__color_scale(color, 0.8)),
                        top = aigc__paint(aigc__color_scale(color, 1.12));
    if (x1 < scene->eye_x) aigc__home_side(scene, x1, y0, y1, z0, z1, side);
    if (x0 > scene->eye_x) aigc__home_side(scene, x0, y0, y1, z0, z1, side);
    if (y1 < scene->eye_y) aigc__home_flat(scene, x0, x1, y1, z0, z1, top);
    if (y0 > scene->eye_y) aigc__home_flat(scene, x0, x1, y0, z0, z1, side);
    aigc__home_panel(scene, x0, x1, y0, y1, z0, 0, color);
}

void aigc__home_shadow(aigc__scene_t *scene, double x0, double x1, double z0, double z1, double strength)
{
    const aigc__point_t a = aigc__home_place(scene, x0, 0, z0), b = aigc__home_place(scene, x1, 0, z1);
    const double cx = (a.x + b.x) * 0.5, cy = (a.y + b.y) * 0.5, rx = (b.x - a.x) * 0.6, ry = (a.y - b.y) * 0.8;
    const aigc__color_t dark = aigc__color_alpha(aigc__color(0x1c1512), strength);
    const aigc__paint_t paint = aigc__paint_radial(dark, aigc__color_alpha(dark, 0), (aigc__point_t){cx, cy}, rx, ry);
    aigc__draw_ellipse(scene->canvas, cx, cy, rx, ry, paint);
}

void aigc__home_glow(aigc__scene_t *scene, double x, double y, double z, double radius)
{
    if (scene->n_glows == AIGC__HOME_GLOWS) return;
    scene->glows[scene->n_glows] = aigc__home_place(scene, x, y, z);
    scene->glow_radius[scene->n_glows++] = radius * scene->focus / z;
}
