/*  moving_mean.h - moving mean
 *
 *  An integer that converges to any constant value: a step that would round to 0 is a step of 1.
 */

#ifndef COMMON_MOVING_MEAN_H_INCLUDED
#define COMMON_MOVING_MEAN_H_INCLUDED

#include <stdint.h>

#define MOVING_MEAN_SHARE 8 //  A sample moves the mean by an eighth of the difference

//  The mean after one more sample; neither is negative.
int64_t moving_mean_after (int64_t mean, int64_t sample);

#endif
