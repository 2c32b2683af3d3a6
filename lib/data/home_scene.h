/* What the pictures of "home-designs" are made of: a palette, a camera in a room, and the pieces that
 * stand in it. Everything is a function of the numbers drawn from the scene's random stream, so no
 * expression draws twice: C leaves the order of its operands open. */
#ifndef AIGC_DATA_HOME_SCENE_H
#define AIGC_DATA_HOME_SCENE_H

#include "base/philox.h"
#include "data/drawing.h"

typedef struct aigc__home_palette {
    aigc__color_t wall, feature; /* feature: the back wall where it differs */
    aigc__color_t trim, ceiling, floor, wood, dark_wood;
    aigc__color_t textile, second, accent, rug, curtain, cabinet, metal, leaf;
} aigc__home_palette_t;

enum { AIGC__HOME_GLOWS = 8 };

/* Metres, x to the right, y up from the floor, z away from the camera; the camera looks along z. */
typedef struct aigc__scene {
    aigc__canvas_t *canvas;
    aigc__random_t random;
    aigc__home_palette_t palette;
    double focus;                     /* canvas units of one metre at a distance of one metre */
    double eye_x, eye_y;              /* camera */
    double centre, horizon;           /* where the camera's axis meets the canvas */
    double left, right, height, back; /* walls */
    bool night;
    aigc__point_t glows[AIGC__HOME_GLOWS]; /* lamps, on the canvas; night adds their light at the end */
    double glow_radius[AIGC__HOME_GLOWS];
    size_t n_glows;
} aigc__scene_t;

/* ---- home_scene.c: chance, camera, solids ---- */
double aigc__home_between(aigc__scene_t *scene, double low, double high);
bool aigc__home_chance(aigc__scene_t *scene, double probability);
size_t aigc__home_pick(aigc__scene_t *scene, size_t n); /* 0..n-1 */
void aigc__home_palette_draw(aigc__scene_t *scene);     /* fills scene->palette */

aigc__point_t aigc__home_place(const aigc__scene_t *scene, double x, double y, double z);
/* An upright rectangle facing the camera, corners rounded by `radius` metres. */
void aigc__home_panel(aigc__scene_t *scene, double x0, double x1, double y0, double y1, double z, double radius,
                      aigc__color_t color);
/* The same shaded from the top colour to the bottom one. */
void aigc__home_panel_shaded(aigc__scene_t *scene, double x0, double x1, double y0, double y1, double z, double radius,
                             aigc__color_t top, aigc__color_t bottom);
void aigc__home_disc(aigc__scene_t *scene, double x, double y, double z, double rx, double ry, aigc__color_t color);
/* A rectangle on the horizontal plane `y`, and one on the wall plane `x`. */
void aigc__home_flat(aigc__scene_t *scene, double x0, double x1, double y, double z0, double z1, aigc__paint_t paint);
void aigc__home_side(aigc__scene_t *scene, double x, double y0, double y1, double z0, double z1, aigc__paint_t paint);
/* A box with the faces that the camera sees: front as `color`, top lighter, side darker. */
void aigc__home_box(aigc__scene_t *scene, double x0, double x1, double y0, double y1, double z0, double z1,
                    aigc__color_t color);
/* A soft dark spot on the floor under things. */
void aigc__home_shadow(aigc__scene_t *scene, double x0, double x1, double z0, double z1, double strength);
/* A lamp's light at a place, `radius` metres. */
void aigc__home_glow(aigc__scene_t *scene, double x, double y, double z, double radius);

/* ---- home_room.c: walls, floor, openings, light ---- */
void aigc__home_shell(aigc__scene_t *scene, bool tiles); /* chooses room and camera too */
void aigc__home_window(aigc__scene_t *scene, double x0, double x1, double y0, double y1, bool curtains); /* back wall */
void aigc__home_side_opening(aigc__scene_t *scene); /* a window or door on a side wall, where one shows */
void aigc__home_art(aigc__scene_t *scene, double x0, double x1, double y0, double y1); /* a framed picture */
void aigc__home_rug(aigc__scene_t *scene, double x0, double x1, double z0, double z1);
void aigc__home_pendant(aigc__scene_t *scene, double x, double z, double drop);
void aigc__home_finish(aigc__scene_t *scene); /* light over the whole */

/* ---- home_furniture.c: pieces; x is a piece's middle, z its back ---- */
void aigc__home_sofa(aigc__scene_t *scene, double x, double z, double width);
void aigc__home_armchair(aigc__scene_t *scene, double x, double z, bool faces_right);
void aigc__home_bed(aigc__scene_t *scene, double x, double z, double width);
void aigc__home_table(aigc__scene_t *scene, double x, double z, double width, double depth, double height);
void aigc__home_chair(aigc__scene_t *scene, double x, double z, bool from_behind);
void aigc__home_drawers(aigc__scene_t *scene, double x, double z, double width, double height, size_t columns,
                        size_t rows);
void aigc__home_bookcase(aigc__scene_t *scene, double x, double z, double width, double height);
void aigc__home_shelf(aigc__scene_t *scene, double x, double y, double width);
void aigc__home_plant(aigc__scene_t *scene, double x, double z, double height);
void aigc__home_floor_lamp(aigc__scene_t *scene, double x, double z);
void aigc__home_table_lamp(aigc__scene_t *scene, double x, double y, double z);
void aigc__home_vase(aigc__scene_t *scene, double x, double y, double z);

/* ---- home_rooms.c and home_plan.c: whole pictures ---- */
void aigc__home_living_room(aigc__scene_t *scene);
void aigc__home_bedroom(aigc__scene_t *scene);
void aigc__home_kitchen(aigc__scene_t *scene);
void aigc__home_study(aigc__scene_t *scene);
void aigc__home_floor_plan(aigc__scene_t *scene);

#endif
