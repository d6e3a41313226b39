"""Training: recipes, the one loop, run folders, evaluation, prediction."""
