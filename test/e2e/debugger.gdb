run
bt
delete 1
break f32.stage0.backward
continue
delete 2
break sigma_checkpoint_hook
continue
bt 2
up
kill
