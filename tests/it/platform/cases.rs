//! The platform cases where no real k3d is needed: on the embedded platform, and on the platform k3d with stand-ins for
//! k3d, its nodes and Gitea. Those are skipped, with the reason, where no Docker engine answers.

mod on_embedded {
    use crate::support::ground::Ground;
    use crate::support::platform_cases::platform_cases;

    platform_cases!(Some(Ground::embedded()));
}

mod on_stand_ins {
    use crate::support::ground::Ground;
    use crate::support::platform_cases::platform_cases;

    platform_cases!(Ground::stand_ins());
}
