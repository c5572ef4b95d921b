"sigma.model"() ({
}) {sequence = 8 : i64, sym_name = "m"} : () -> ()
