/* Floor plans: a rectangle cut into rooms, with walls, doors, windows and furniture seen from above. */
#include "data/home_scene.h"

#define BETWEEN(low, high) aigc__home_between(scene, low, high)

enum { MAX_ROOMS = 7, ROOM_TYPES = 5 };

typedef enum room_type { LIVING, BEDROOM, KITCHEN, BATH, STUDY } room_type_t;

typedef struct room {
    double x0, y0, x1, y1;
    room_type_t type;
} room_t;

/* A door in the middle of a wall: of an upright wall or a level one. */
typedef struct door {
    double x, y;
    bool upright;
} door_t;

typedef struct plan {
    aigc__scene_t *scene;
    room_t rooms[MAX_ROOMS];
    door_t doors[MAX_ROOMS];
    size_t n_rooms, n_doors;
    double wall; /* thickness */
    aigc__color_t paper, ink, floors[ROOM_TYPES], piece, soft;
} plan_t;

static const double door_width = 0.085;

static bool near_value(double a, double b, double within) { return a - b < within && b - a < within; }

/* May room `r` be cut at `at` without ending on a door? */
static bool cut_is_free(const plan_t *plan, const room_t *r, bool upright, double at)
{
    for (size_t i = 0; i < plan->n_doors; i++) {
        const door_t *d = &plan->doors[i];
        if (d->upright == upright) continue;
        const double along = upright ? d->x : d->y, across = upright ? d->y : d->x;
        const double low = upright ? r->y0 : r->x0, high = upright ? r->y1 : r->x1;
        if (near_value(along, at, 0.075) && (near_value(across, low, 0.01) || near_value(across, high, 0.01)))
            return false;
    }
    return true;
}

static void cut_room(plan_t *plan, size_t index)
{
    aigc__scene_t *scene = plan->scene;
    room_t *r = &plan->rooms[index], *other = &plan->rooms[plan->n_rooms];
    const double w = r->x1 - r->x0, h = r->y1 - r->y0;
    const bool upright = w > h;
    const double low = upright ? r->x0 : r->y0, length = upright ? w : h;
    if (length < 0.36) return;
    for (int attempt = 0; attempt < 6; attempt++) {
        const double at = low + length * BETWEEN(0.4, 0.6), place = BETWEEN(0.25, 0.75);
        if (!cut_is_free(plan, r, upright, at)) continue;
        door_t *d = &plan->doors[plan->n_doors++];
        *d = upright ? (door_t){at, r->y0 + h * place, true} : (door_t){r->x0 + w * place, at, false};
        *other = *r;
        if (upright)
            r->x1 = other->x0 = at;
        else
            r->y1 = other->y0 = at;
        plan->n_rooms++;
        return;
    }
}

static double room_area(const room_t *r) { return (r->x1 - r->x0) * (r->y1 - r->y0); }

static void lay_out(plan_t *plan)
{
    aigc__scene_t *scene = plan->scene;
    const double w = BETWEEN(0.74, 0.9), h = BETWEEN(0.7, 0.9);
    const size_t wanted = 4 + aigc__home_pick(scene, 3);
    plan->rooms[0] = (room_t){0.5 - w * 0.5, 0.5 - h * 0.5, 0.5 + w * 0.5, 0.5 + h * 0.5, LIVING};
    plan->n_rooms = 1;
    for (int attempt = 0; attempt < 12 && plan->n_rooms < wanted; attempt++) {
        size_t largest = 0;
        for (size_t i = 1; i < plan->n_rooms; i++)
            if (room_area(&plan->rooms[i]) > room_area(&plan->rooms[largest])) largest = i;
        cut_room(plan, largest);
    }
    /* by size: living room, bedroom, kitchen, then bedroom or study; the smallest is the bath */
    static const room_type_t by_size[MAX_ROOMS] = {LIVING, BEDROOM, KITCHEN, BEDROOM, STUDY, BEDROOM, BATH};
    for (size_t i = 0; i < plan->n_rooms; i++) {
        size_t rank = 0;
        for (size_t j = 0; j < plan->n_rooms; j++) {
            const double a = room_area(&plan->rooms[i]), b = room_area(&plan->rooms[j]);
            if (b > a || (b == a && j < i)) rank++;
        }
        plan->rooms[i].type = rank + 1 == plan->n_rooms && plan->n_rooms > 3 ? BATH : by_size[rank];
    }
}

static void choose_colors(plan_t *plan)
{
    static const uint32_t pastel[3][ROOM_TYPES] = {{0xf4e3c1, 0xcfe0ee, 0xf3cfbd, 0xbfe3e0, 0xdcd4ea},
                                                   {0xe8d2ae, 0xe3cba4, 0xe9e4da, 0xc9dde2, 0xdfc79f},
                                                   {0xf3efe4, 0xe2ead9, 0xf0dfd0, 0xd4e6ea, 0xeae3ee}};
    aigc__scene_t *scene = plan->scene;
    const size_t style = aigc__home_pick(scene, 4);
    const aigc__home_palette_t *p = &scene->palette;
    const bool blue = style == 3;
    plan->paper = blue ? aigc__color(0x1f4e8c) : aigc__color_mix(aigc__color(0xf7f3ea), p->wall, 0.35);
    plan->ink = blue ? aigc__color(0xe9f1fa) : aigc__color_mix(aigc__color(0x33302e), p->textile, 0.15);
    for (size_t i = 0; i < ROOM_TYPES; i++) {
        const double shade = BETWEEN(0.96, 1.03);
        plan->floors[i] = aigc__color_scale(
            blue ? aigc__color_mix(plan->paper, aigc__color(0xffffff), 0.06) : aigc__color(pastel[style][i]), shade);
    }
    plan->piece = blue ? aigc__color(0x3f6ea8) : aigc__color_mix(p->wood, aigc__color(0xffffff), 0.25);
    plan->soft = blue ? aigc__color(0x5584bb) : aigc__color_mix(p->textile, aigc__color(0xffffff), 0.3);
}

/* A filled shape with an outline. */
static void draw_piece(plan_t *plan, double x0, double y0, double x1, double y1, double radius, aigc__color_t fill)
{
    const double edge = 0.007;
    aigc__draw_rounded(plan->scene->canvas, x0, y0, x1, y1, radius, aigc__paint(aigc__color_mix(plan->ink, fill, 0.3)));
    aigc__draw_rounded(plan->scene->canvas, x0 + edge, y0 + edge, x1 - edge, y1 - edge,
                       radius > edge ? radius - edge : 0, aigc__paint(fill));
}

static void draw_round(plan_t *plan, double x, double y, double rx, double ry, aigc__color_t fill)
{
    const double edge = 0.007;
    aigc__draw_ellipse(plan->scene->canvas, x, y, rx, ry, aigc__paint(aigc__color_mix(plan->ink, fill, 0.3)));
    aigc__draw_ellipse(plan->scene->canvas, x, y, rx - edge, ry - edge, aigc__paint(fill));
}

/* 1 where things stand against the upper wall, -1 for the lower: the one without a door. */
static double wall_side(const plan_t *plan, const room_t *r)
{
    for (size_t i = 0; i < plan->n_doors; i++) {
        const door_t *d = &plan->doors[i];
        if (!d->upright && near_value(d->y, r->y0, 0.01) && d->x > r->x0 && d->x < r->x1) return -1;
    }
    return 1;
}

/* The stretch from `a` to `b` measured from the wall on `side`, as ordered y. */
static void from_wall(const room_t *r, double side, double a, double b, double *y0, double *y1)
{
    *y0 = side > 0 ? r->y0 + a : r->y1 - b;
    *y1 = side > 0 ? r->y0 + b : r->y1 - a;
}

static void furnish_bedroom(plan_t *plan, const room_t *r)
{
    const double side = wall_side(plan, r), w = (r->x1 - r->x0), h = r->y1 - r->y0;
    const double bed = w * 0.42 < 0.19 ? w * 0.42 : 0.19, length = h * 0.55 < 0.22 ? h * 0.55 : 0.22,
                 x = r->x0 + w * 0.5;
    double y0, y1;
    from_wall(r, side, 0.02, length, &y0, &y1);
    draw_piece(plan, x - bed * 0.5, y0, x + bed * 0.5, y1, 0.015,
               aigc__color_mix(plan->soft, aigc__color(0xffffff), 0.15));
    from_wall(r, side, length * 0.42, length - 0.01, &y0, &y1);
    aigc__draw_rectangle(plan->scene->canvas, x - bed * 0.5 + 0.008, y0, x + bed * 0.5 - 0.008, y1,
                         aigc__paint(plan->soft));
    from_wall(r, side, 0.03, 0.03 + length * 0.25, &y0, &y1);
    draw_piece(plan, x - bed * 0.44, y0, x - bed * 0.04, y1, 0.012, aigc__color(0xfbfaf7));
    draw_piece(plan, x + bed * 0.04, y0, x + bed * 0.44, y1, 0.012, aigc__color(0xfbfaf7));
    from_wall(r, side, 0.02, 0.07, &y0, &y1);
    draw_piece(plan, x - bed * 0.5 - 0.055, y0, x - bed * 0.5 - 0.008, y1, 0, plan->piece);
    draw_piece(plan, x + bed * 0.5 + 0.008, y0, x + bed * 0.5 + 0.055, y1, 0, plan->piece);
}

static void furnish_living(plan_t *plan, const room_t *r)
{
    const double side = wall_side(plan, r), w = r->x1 - r->x0, h = r->y1 - r->y0, x = r->x0 + w * 0.5;
    const double sofa = w * 0.62 < 0.28 ? w * 0.62 : 0.28;
    const aigc__color_t rug = aigc__color_mix(plan->floors[LIVING], plan->scene->palette.accent, 0.35);
    double y0, y1;
    from_wall(r, side, 0.09, h * 0.7 < 0.27 ? h * 0.7 : 0.27, &y0, &y1);
    aigc__draw_rectangle(plan->scene->canvas, x - sofa * 0.48, y0, x + sofa * 0.48, y1, aigc__paint(rug));
    from_wall(r, side, 0.02, 0.11, &y0, &y1);
    draw_piece(plan, x - sofa * 0.5, y0, x + sofa * 0.5, y1, 0.02, plan->soft);
    from_wall(r, side, 0.048, 0.105, &y0, &y1);
    draw_piece(plan, x - sofa * 0.5 + 0.03, y0, x - 0.002, y1, 0.01, aigc__color_scale(plan->soft, 1.1));
    draw_piece(plan, x + 0.002, y0, x + sofa * 0.5 - 0.03, y1, 0.01, aigc__color_scale(plan->soft, 1.1));
    from_wall(r, side, 0.15, 0.215, &y0, &y1);
    draw_piece(plan, x - 0.06, y0, x + 0.06, y1, 0.01, plan->piece);
    draw_round(plan, r->x0 + 0.05, side > 0 ? r->y0 + 0.05 : r->y1 - 0.05, 0.03, 0.03, plan->scene->palette.leaf);
    if (h < 0.36) return;
    from_wall(r, side, h - 0.055, h - 0.02, &y0, &y1);
    draw_piece(plan, x - sofa * 0.35, y0, x + sofa * 0.35, y1, 0, plan->piece);
}

static void furnish_kitchen(plan_t *plan, const room_t *r)
{
    aigc__scene_t *scene = plan->scene;
    const double side = wall_side(plan, r), w = r->x1 - r->x0, h = r->y1 - r->y0, x0 = r->x0 + 0.015,
                 x1 = r->x1 - 0.015;
    const aigc__color_t steel = aigc__color(0xd5dade);
    double y0, y1;
    from_wall(r, side, 0.015, 0.085, &y0, &y1);
    draw_piece(plan, x0, y0, x1, y1, 0, plan->piece);
    draw_piece(plan, x0 + w * 0.15, y0 + 0.012, x0 + w * 0.15 + 0.075, y1 - 0.012, 0.01, steel);
    draw_piece(plan, x1 - w * 0.15 - 0.075, y0 + 0.008, x1 - w * 0.15, y1 - 0.008, 0, aigc__color(0x54585c));
    for (int i = 0; i < 4; i++)
        aigc__draw_ellipse(scene->canvas, x1 - w * 0.15 - 0.056 + 0.036 * (i & 1), y0 + 0.022 + 0.026 * (i >> 1), 0.01,
                           0.01, aigc__paint(steel));
    if (h < 0.24) return;
    const double y = side > 0 ? r->y0 + 0.085 + (h - 0.085) * 0.52 : r->y1 - 0.085 - (h - 0.085) * 0.52,
                 x = r->x0 + w * 0.5;
    const double size = 0.055, seat = 0.024;
    draw_round(plan, x - size, y - size, seat, seat, plan->soft);
    draw_round(plan, x + size, y - size, seat, seat, plan->soft);
    draw_round(plan, x - size, y + size, seat, seat, plan->soft);
    draw_round(plan, x + size, y + size, seat, seat, plan->soft);
    if (aigc__home_chance(scene, 0.5))
        draw_round(plan, x, y, 0.068, 0.068, plan->piece);
    else
        draw_piece(plan, x - 0.08, y - 0.05, x + 0.08, y + 0.05, 0.008, plan->piece);
}

static void furnish_bath(plan_t *plan, const room_t *r)
{
    const double side = wall_side(plan, r), w = r->x1 - r->x0, h = r->y1 - r->y0;
    const aigc__color_t china = aigc__color(0xfdfdfb),
                        water = aigc__color_mix(plan->floors[BATH], aigc__color(0x8fc7dc), 0.5);
    double y0, y1;
    from_wall(r, side, 0.02, 0.1, &y0, &y1);
    draw_piece(plan, r->x0 + 0.02, y0, r->x0 + w * 0.62, y1, 0.015, china);
    draw_piece(plan, r->x0 + 0.035, y0 + 0.014, r->x0 + w * 0.62 - 0.015, y1 - 0.014, 0.025, water);
    from_wall(r, side, 0.02, 0.045, &y0, &y1);
    draw_piece(plan, r->x1 - 0.095, y0, r->x1 - 0.035, y1, 0.005, china);
    draw_round(plan, r->x1 - 0.065, side > 0 ? r->y0 + 0.07 : r->y1 - 0.07, 0.026, 0.034, china);
    if (h < 0.19) return;
    from_wall(r, side, h - 0.065, h - 0.02, &y0, &y1);
    draw_piece(plan, r->x0 + 0.03, y0, r->x0 + 0.11, y1, 0.012, china);
    draw_round(plan, r->x0 + 0.07, (y0 + y1) * 0.5, 0.024, 0.014, water);
}

static void furnish_study(plan_t *plan, const room_t *r)
{
    const double side = wall_side(plan, r), w = r->x1 - r->x0, x = r->x0 + w * 0.5;
    double y0, y1;
    from_wall(r, side, 0.02, 0.09, &y0, &y1);
    draw_piece(plan, x - w * 0.3, y0, x + w * 0.3, y1, 0.004, plan->piece);
    draw_piece(plan, x - 0.035, y0 + 0.025, x + 0.035, y0 + 0.045, 0, aigc__color(0x4a4f55));
    draw_round(plan, x, side > 0 ? r->y0 + 0.118 : r->y1 - 0.118, 0.03, 0.03, plan->soft);
}

static void draw_rooms(plan_t *plan)
{
    static void (*const furnish[ROOM_TYPES])(plan_t *, const room_t *) = {furnish_living, furnish_bedroom,
                                                                          furnish_kitchen, furnish_bath, furnish_study};
    aigc__canvas_t *canvas = plan->scene->canvas;
    for (size_t i = 0; i < plan->n_rooms; i++) {
        const room_t *r = &plan->rooms[i];
        const aigc__color_t floor = plan->floors[r->type],
                            line = aigc__color_alpha(aigc__color_scale(floor, 0.85), 0.6);
        aigc__draw_rectangle(canvas, r->x0, r->y0, r->x1, r->y1, aigc__paint(floor));
        if (r->type == BATH || r->type == KITCHEN)
            for (double x = r->x0 + 0.05; x < r->x1; x += 0.05)
                aigc__draw_rectangle(canvas, x, r->y0, x + 0.004, r->y1, aigc__paint(line));
        if (r->type != BEDROOM)
            for (double y = r->y0 + 0.05; y < r->y1; y += 0.05)
                aigc__draw_rectangle(canvas, r->x0, y, r->x1, y + 0.004, aigc__paint(line));
        furnish[r->type](plan, r);
    }
}

static void draw_walls(plan_t *plan)
{
    aigc__canvas_t *canvas = plan->scene->canvas;
    const aigc__paint_t ink = aigc__paint(plan->ink);
    const double h = plan->wall * 0.5;
    for (size_t i = 0; i < plan->n_rooms; i++) {
        const room_t *r = &plan->rooms[i];
        aigc__draw_rectangle(canvas, r->x0 - h, r->y0 - h, r->x0 + h, r->y1 + h, ink);
        aigc__draw_rectangle(canvas, r->x1 - h, r->y0 - h, r->x1 + h, r->y1 + h, ink);
        aigc__draw_rectangle(canvas, r->x0 - h, r->y0 - h, r->x1 + h, r->y0 + h, ink);
        aigc__draw_rectangle(canvas, r->x0 - h, r->y1 - h, r->x1 + h, r->y1 + h, ink);
    }
}

/* The gap in the wall, the open leaf and the arc it sweeps. */
static void draw_door(plan_t *plan, const door_t *d)
{
    aigc__canvas_t *canvas = plan->scene->canvas;
    const double g = door_width * 0.5, h = plan->wall * 0.5 + 0.002, thin = 0.011;
    const aigc__paint_t gap = aigc__paint(aigc__color_mix(plan->floors[LIVING], plan->paper, 0.3));
    const aigc__paint_t leaf = aigc__paint(plan->ink), sweep = aigc__paint(aigc__color_alpha(plan->ink, 0.45));
    if (d->upright) {
        const aigc__point_t hinge = {d->x, d->y - g}, end = {d->x + door_width, d->y - g};
        aigc__draw_rectangle(canvas, d->x - h, d->y - g, d->x + h, d->y + g, gap);
        aigc__draw_line(canvas, hinge, end, thin, leaf);
        aigc__draw_arc(canvas, hinge, door_width, door_width, 0, thin * 0.6, sweep);
    } else {
        const aigc__point_t hinge = {d->x - g, d->y}, end = {d->x - g, d->y + door_width};
        aigc__draw_rectangle(canvas, d->x - g, d->y - h, d->x + g, d->y + h, gap);
        aigc__draw_line(canvas, hinge, end, thin, leaf);
        aigc__draw_arc(canvas, hinge, door_width, door_width, 0, thin * 0.6, sweep);
    }
}

/* Windows in the outer walls, one in the middle of each room's outer sides. */
static void draw_windows(plan_t *plan, const room_t *house)
{
    aigc__canvas_t *canvas = plan->scene->canvas;
    const aigc__paint_t glass = aigc__paint(aigc__color(0x9fd3ec)), frame = aigc__paint(aigc__color(0xfafcfd));
    const double h = plan->wall * 0.5;
    for (size_t i = 0; i < plan->n_rooms; i++) {
        const room_t *r = &plan->rooms[i];
        const double x = (r->x0 + r->x1) * 0.5, y = (r->y0 + r->y1) * 0.5, w = (r->x1 - r->x0) * 0.22,
                     l = (r->y1 - r->y0) * 0.22;
        const double ys[2] = {r->y0, r->y1}, xs[2] = {r->x0, r->x1};
        const bool level[2] = {r->y0 == house->y0, r->y1 == house->y1},
                   upright[2] = {r->x0 == house->x0, r->x1 == house->x1};
        for (size_t k = 0; k < 2; k++) {
            if (level[k]) {
                aigc__draw_rectangle(canvas, x - w, ys[k] - h, x + w, ys[k] + h, frame);
                aigc__draw_rectangle(canvas, x - w, ys[k] - h * 0.5, x + w, ys[k] + h * 0.5, glass);
            }
            if (upright[k] && !level[0]) {
                aigc__draw_rectangle(canvas, xs[k] - h, y - l, xs[k] + h, y + l, frame);
                aigc__draw_rectangle(canvas, xs[k] - h * 0.5, y - l, xs[k] + h * 0.5, y + l, glass);
            }
        }
    }
}

void aigc__home_floor_plan(aigc__scene_t *scene)
{
    plan_t plan = {.scene = scene};
    aigc__home_palette_draw(scene);
    choose_colors(&plan);
    plan.wall = BETWEEN(0.026, 0.036);
    lay_out(&plan);
    room_t house = plan.rooms[0];
    for (size_t i = 1; i < plan.n_rooms; i++) {
        const room_t *r = &plan.rooms[i];
        house = (room_t){r->x0 < house.x0 ? r->x0 : house.x0, r->y0 < house.y0 ? r->y0 : house.y0,
                         r->x1 > house.x1 ? r->x1 : house.x1, r->y1 > house.y1 ? r->y1 : house.y1, LIVING};
    }
    aigc__draw_rectangle(scene->canvas, 0, 0, 1, 1, aigc__paint(plan.paper));
    draw_rooms(&plan);
    draw_walls(&plan);
    draw_windows(&plan, &house);
    for (size_t i = 0; i < plan.n_doors; i++) draw_door(&plan, &plan.doors[i]);
}
