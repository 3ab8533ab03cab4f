//  moving_mean.c - moving mean

#include "common/moving_mean.h"

int64_t moving_mean_after (int64_t mean, int64_t sample)
{
    int64_t step = (sample - mean) / MOVING_MEAN_SHARE;
    if (step == 0)
        step = (sample > mean) - (sample < mean);
    return mean + step;
}
