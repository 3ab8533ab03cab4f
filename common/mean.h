/*  mean.h - the moving mean of what is measured
 *
 *  In whole numbers, and it reaches every value that stays: a step that would
 *  round to nothing is a step of one.
 */

#ifndef COMMON_MEAN_H_INCLUDED
#define COMMON_MEAN_H_INCLUDED

#include <stdint.h>

#define MEAN_SHARE 8 //  A sample moves the mean by an eighth of the difference

//  The mean after one more sample; neither is negative.
int64_t mean_after (int64_t mean, int64_t sample);

#endif
