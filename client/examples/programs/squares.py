#!/usr/bin/env python3
"""Functions in Python for cadre.

   cadre-worker --broker ADDRESS --program client/examples/programs/squares.py"""
import sys
sys.dont_write_bytecode = True
from cadre_program import serve

def square(n):
    return n * n

def mean(numbers):
    return sum(numbers) / len(numbers)

serve({
    "square": (square, "i", "the square of an integer"),
    "mean": (mean, "v", "the mean of a list of numbers"),
})
