"""The small study in a project to be built, by the name under which tests of publishing import it."""

from ministudy import PARAMETERS as PARAMETERS
from ministudy import SHOW as SHOW
from ministudy import make_project as make_project
from ministudy import write_features as write_features
from ministudy import write_notebook as write_notebook
