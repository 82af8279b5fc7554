# One parameter for each block above, in the order of `upstream_blocks`.
transform <- function({{ r_parameters }}) {
    df_1
}
