/*  mandelbrot.c - a picture, computed by rows
 *
 *      mandelbrot [WIDTH HEIGHT] > picture.ppm
 *
 *  Each row is a task: rows inside the set take long, others do not, and the pool evens it out.
 *  cadre_imap gives the rows in order, so the picture is written while it is computed.
 */

#include <cadre.h>

#include <stdio.h>
#include <stdlib.h>

#define DEPTH 1000

//  Steps until the point leaves the circle of radius 2; DEPTH if it stays.
static int steps_to_leave (double cx, double cy)
{
    double x = 0, y = 0;
    int steps = 0;
    while (steps < DEPTH && x * x + y * y <= 4) {
        double next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
        steps++;
    }
    return steps;
}

//  row (number, width, height): three bytes a point, red, green and blue
static cadre_error_t row (cadre_task_t *task)
{
    int64_t number = cadre_arg_int (task, 0);
    int64_t width = cadre_arg_int (task, 1);
    int64_t height = cadre_arg_int (task, 2);
    if (width < 1 || width > 100000 || height < 1)
        return cadre_fail (task, "range", "a row of %lld points? From 1 to 100000",
                           (long long) width);
    size_t size = (size_t) width * 3;
    unsigned char *points = malloc (size);
    if (!points)
        return cadre_fail (task, "memory", "no memory for %lld points", (long long) width);

    for (int64_t i = 0; i < width; i++) {
        int steps = steps_to_leave (3.5 * (double) i / (double) width - 2.5,
                                    2.0 * (double) number / (double) height - 1.0);
        points [3 * i] = (unsigned char) (steps == DEPTH ? 0 : steps * 8);
        points [3 * i + 1] = (unsigned char) (steps == DEPTH ? 0 : steps * 3);
        points [3 * i + 2] = (unsigned char) (steps == DEPTH ? 0 : 64 + steps);
    }
    cadre_return_blob (task, points, size);
    free (points);
    return CADRE_OK;
}

static const cadre_function_t functions [] = {
    {.name = "row", .run = row, .takes = "iii", .says = "a row of the Mandelbrot set"}, {0}};

//  The rows that are still to do; each item is the list of row's three arguments.
typedef struct rows {
    int64_t next;   //  Number of the next row
    int64_t width;  //  Of the picture
    int64_t height; //  Of the picture
} rows_t;

static cadre_value_t *next_row (void *argument)
{
    rows_t *rows = argument;
    if (rows->next == rows->height)
        return NULL;
    return cadre_value_build ("[i, i, i]", rows->next++, rows->width, rows->height);
}

//  Writes the rows as they come and mixes their bytes into a checksum (FNV-1a).
static cadre_error_t paint (cadre_t *pool, rows_t *rows, uint32_t *checksum)
{
    cadre_imap_t *picture =
        cadre_imap (pool, "row", next_row, rows, &(cadre_map_options_t){.spread = true});
    cadre_value_t *value = NULL;
    cadre_error_t error;
    printf ("P6\n%lld %lld\n255\n", (long long) rows->width, (long long) rows->height);
    while ((error = cadre_imap_next (picture, &value, NULL, -1)) == CADRE_OK) {
        size_t size;
        const unsigned char *points = cadre_value_blob (value, &size);
        fwrite (points, 1, size, stdout);
        for (size_t i = 0; i < size; i++)
            *checksum = (*checksum ^ points [i]) * 16777619u;
        cadre_value_destroy (&value);
    }
    if (error != CADRE_ERROR_END)
        fprintf (stderr, "mandelbrot: %s\n", cadre_imap_message (picture));
    cadre_value_destroy (&value);
    cadre_imap_destroy (&picture);
    return error == CADRE_ERROR_END ? CADRE_OK : error;
}

int main (int argc, char **argv)
{
    cadre_main (argc, argv, functions);
    cadre_t *pool = cadre_open (NULL, NULL);
    if (!pool) {
        fprintf (stderr, "mandelbrot: %s\n", cadre_open_message ());
        return cadre_error_exit_code (cadre_open_error ());
    }
    rows_t rows = {.width = argc == 3 ? strtol (argv [1], NULL, 10) : 560,
                   .height = argc == 3 ? strtol (argv [2], NULL, 10) : 320};
    uint32_t checksum = 2166136261u;
    cadre_error_t error = paint (pool, &rows, &checksum);
    if (error == CADRE_OK && fflush (stdout) != 0)
        error = CADRE_ERROR_IO;
    if (error == CADRE_OK)
        fprintf (stderr, "mandelbrot: %lld rows, checksum %08x\n", (long long) rows.height,
                 checksum);
    cadre_close (&pool, 5000);
    return cadre_error_exit_code (error);
}
