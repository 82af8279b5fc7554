# One parameter for each block above, in the order of `upstream_blocks`.
export_data <- function({{ r_parameters }}) {
    print(nrow(df_1))
}
