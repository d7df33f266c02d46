"""A search for the depth of a decision tree, and how well the best one does.

python examples/sklearn_matyan.py
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.tree import DecisionTreeClassifier

from matyan_client.adapters.sklearn import MatyanLogger

train_x, test_x, train_y, test_y = train_test_split(*load_digits(return_X_y=True), random_state=0)
search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [2, 4, 8]}, cv=3)
search.fit(train_x, train_y)

logger = MatyanLogger(experiment="digits")
logger.log_estimator(search)
logger.log_scores(search, train_x, train_y, subset="train")
logger.log_scores(search, test_x, test_y)
logger.close()
