terraform import everest_account.admin admin
