terraform import everest_rbac_policy.policy everest-rbac
