# Makes the data sets of this folder and what R says about them. Run from this folder:
#
#     Rscript reference.R
#
# For each data set NAME it writes NAME.csv and the values that reference_test.go compares with:
#   NAME.glm.csv     coefficients and standard errors of glm(family = quasibinomial, dispersion 1), treatment coding
#   NAME.ridge.csv   coefficients, standard errors and objective of the ridge objective, full one-hot, by Newton's
#                    method on the dense design matrix
# Categories are written as codes from 0; an empty cell is a missing number. Numbers enter standardised by the mean and
# the population standard deviation of what is not missing, 0 where missing, with a 0/1 column for "is missing".

control <- glm.control(epsilon = 1e-14, maxit = 100)

standardised <- function(x) {
  gone <- is.na(x)
  m <- mean(x[!gone])
  z <- (x - m) / sqrt(mean((x[!gone] - m)^2))
  z[gone] <- 0
  z
}

# The columns of a design: full one-hot for categories, z and the missing flag for numbers.
design <- function(d, categories, numbers) {
  x <- NULL
  for (c in categories) for (l in sort(unique(d[[c]]))) {
    x <- cbind(x, as.numeric(d[[c]] == l))
    colnames(x)[ncol(x)] <- paste(c, l, sep = ":")
  }
  for (c in numbers) {
    x <- cbind(x, standardised(d[[c]]))
    colnames(x)[ncol(x)] <- paste(c, 0, sep = ":")
    if (anyNA(d[[c]])) {
      x <- cbind(x, as.numeric(is.na(d[[c]])))
      colnames(x)[ncol(x)] <- paste(c, 1, sep = ":")
    }
  }
  x
}

put <- function(name, terms, values, errors) {
  write.csv(data.frame(term = terms, value = sprintf("%.17g", values), error = sprintf("%.17g", errors)),
            name, row.names = FALSE, quote = FALSE)
}

unpenalised <- function(name, d, x, categories) {
  first <- unlist(lapply(categories, function(c) paste(c, sort(unique(d[[c]]))[1], sep = ":")))
  x <- x[, !(colnames(x) %in% first)]
  fit <- glm(d$target ~ x, family = quasibinomial, weights = d$weight, control = control)
  table <- summary(fit, dispersion = 1)$coefficients
  put(paste0(name, ".glm.csv"), c("intercept", colnames(x)), table[, 1], table[, 2])
}

ridge <- function(name, d, x, lambda) {
  x <- cbind(x, intercept = 1)
  s <- diag(c(rep(lambda, ncol(x) - 1), 0))
  b <- rep(0, ncol(x))
  for (step in 1:50) {
    eta <- drop(x %*% b)
    p <- 1 / (1 + exp(-eta))
    h <- t(x) %*% (x * (d$weight * p * (1 - p))) + s
    g <- drop(t(x) %*% (d$weight * (p - d$target))) + drop(s %*% b)
    b <- b - solve(h, g)
  }
  objective <- sum(d$weight * (log1p(exp(eta)) - d$target * eta)) + sum(drop(s %*% b) * b) / 2
  put(paste0(name, ".ridge.csv"), c(colnames(x), "objective"), c(b, objective), c(sqrt(diag(solve(h))), 0))
}

make <- function(name, d, categories, numbers, lambda) {
  for (c in categories) d[[c]] <- match(d[[c]], sort(unique(d[[c]]))) - 1
  out <- d
  for (c in c(numbers, "target", "weight")) out[[c]] <- ifelse(is.na(d[[c]]), "", sprintf("%.15g", d[[c]]))
  write.csv(out, paste0(name, ".csv"), row.names = FALSE, quote = FALSE)
  x <- design(d, categories, numbers)
  unpenalised(name, d, x, categories)
  ridge(name, d, x, lambda)
}

set.seed(20240601)

# Labels of 0 and 1, two numbers with missing values, skewed levels, no weights.
n <- 600
d <- data.frame(
  source = sample(c("ads", "fair", "mail", "web"), n, TRUE, c(.4, .1, .2, .3)),
  region = sample(letters[1:7], n, TRUE, 1 / (1:7)),
  size = round(exp(rnorm(n, 3)), 2),
  visits = rpois(n, 3),
  age = round(rnorm(n, 40, 9)))
d$size[sample(n, 90)] <- NA
d$visits[sample(n, 30)] <- NA
eta <- -1 + .8 * (d$source == "fair") - .5 * (d$source == "web") + .3 * (d$region %in% c("b", "f")) +
  .4 * ifelse(is.na(d$size), -1, log(d$size) - 3) + .2 * ifelse(is.na(d$visits), 0, d$visits - 3)
d$target <- as.numeric(runif(n) < 1 / (1 + exp(-eta)))
d$weight <- 1
make("leads", d, c("source", "region"), c("size", "visits", "age"), 1)

# Fractions as targets, uneven weights, some of them zero.
n <- 400
d <- data.frame(
  plan = sample(c("a", "b", "c"), n, TRUE),
  city = sample(sprintf("%02d", 1:12), n, TRUE, 1 / (1:12)),
  score = round(runif(n, -1, 1), 3))
d$target <- round(plogis(.5 * (d$plan == "b") + 1.5 * d$score + rnorm(n, 0, .7)), 4)
d$weight <- round(rexp(n), 3)
d$weight[sample(n, 20)] <- 0
d$target[1:20] <- 0:1
make("fractions", d, c("plan", "city"), "score", .25)
