import x

# c
@d
def f(a):
    return 1

class C:

    def m(self):
        pass
