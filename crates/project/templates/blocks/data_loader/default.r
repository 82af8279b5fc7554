# The data frame that the pipeline starts from.
load_data <- function() {
    data.frame(id = 1:3)
}
